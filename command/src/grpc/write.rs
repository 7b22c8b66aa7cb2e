//! A call as a request for a command.

use crate::{CommandApi, request::CommandRequest};
use chassis::{
    Problem,
    grpc::{once, status},
    layers::RequestContext,
};
use proto::Write;
use tonic::{Response, Status};

/// The request for a command that `message` is.
///
/// # Errors
/// 400: no request id, or one that is none, or an etag that is none.
pub(super) fn request<M: Write>(
    api: &CommandApi,
    context: RequestContext,
    message: &M,
) -> Result<CommandRequest, Problem> {
    request_of(api, context, message, &message.encode_to_vec())
}

/// The same, of a `message` that was encoded already, as `content`.
pub(super) fn request_of<M: Write>(
    api: &CommandApi,
    context: RequestContext,
    message: &M,
    content: &[u8],
) -> Result<CommandRequest, Problem> {
    let (key, if_match) = once(message.request_id(), message.etag())?;
    Ok(CommandRequest::of_call(
        api,
        M::PATH,
        content,
        key,
        if_match,
        context,
    ))
}

/// The answer to a call: what it was sent for, or why not.
pub(super) fn answer<T>(
    context: &RequestContext,
    answered: Result<T, Problem>,
) -> Result<Response<T>, Status> {
    match answered {
        Ok(answer) => Ok(Response::new(answer)),
        Err(problem) => Err(failed(context, problem)),
    }
}

/// The status of a call that failed.
pub(super) fn failed(context: &RequestContext, problem: Problem) -> Status {
    status(&context.name(problem), &[])
}
