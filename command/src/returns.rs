//! What the endpoints of returns share.

use crate::{CommandApi, execution::Done, problem, request::CommandRequest};
use axum::{http::StatusCode, response::Response};
use chassis::Problem;
use domain::{
    Command, Location, OrderId, ReturnId, State, StreamId, Version,
    order::LineQuantity,
    returns::{
        ApproveReturn, CancelReturn, DeclineReturn, InspectReturn, InspectedLine, MarkInTransit,
        ReceiveReturn, RequestReturn, Return, ReturnCommand, ReturnStatus,
    },
};
use serde::{Deserialize, Serialize};
use store::{Until, fold_stream};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a return's command led to.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ReturnChanged {
    /// The return.
    pub return_id: Uuid,
    /// The order of which something comes back.
    pub order_id: Uuid,
    /// Its version.
    pub version: i64,
    /// Where it is.
    #[schema(example = "approved")]
    pub status: &'static str,
    /// What may be asked of it now.
    pub allowed_commands: Vec<&'static str>,
    /// What to read to see how it goes on.
    pub watch: String,
}

/// So many of a line of the order.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReturnLineBody {
    /// The order's line, from 1.
    pub line: u32,
    /// How many; at least 1.
    #[schema(example = 1)]
    pub quantity: i64,
}

impl From<ReturnLineBody> for LineQuantity {
    fn from(ReturnLineBody { line, quantity }: ReturnLineBody) -> Self {
        Self { line, quantity }
    }
}

/// A command to a return that was done.
pub(crate) struct Changed {
    pub done: Done,
    pub body: ReturnChanged,
    pub status: ReturnStatus,
}

impl Changed {
    /// The answer of REST: where it says what to watch, that is in `Location` too.
    pub(crate) fn answer(self, api: &CommandApi, status: StatusCode) -> Result<Response, Problem> {
        let watched = [StatusCode::ACCEPTED, StatusCode::CREATED].contains(&status);
        let watch = watched.then(|| self.body.watch.clone());
        self.done.answer(api, status, watch, &self.body)
    }
}

/// Puts `command` to a return.
async fn put(
    api: &CommandApi,
    request: CommandRequest,
    id: ReturnId,
    command: ReturnCommand,
) -> Result<Changed, Problem> {
    let command = Command::Return(id, command);
    let done = request.execute_for_state(api, command).await?;
    let state = done.state(api).await?;
    let State::Return(Return::Requested(case)) = state.as_ref() else {
        tracing::error!(%id, "return {id} did as it was told and is absent");
        return Err(Problem::internal());
    };
    let body = ReturnChanged {
        return_id: id.uuid(),
        order_id: case.order_id.uuid(),
        version: done.version(),
        status: case.status.as_str(),
        allowed_commands: case.status.allowed_commands(),
        watch: format!("/v1/returns/{id}"),
    };
    Ok(Changed {
        body,
        status: case.status,
        done,
    })
}

/// Asks for a return.
pub(crate) async fn request_return(
    api: &CommandApi,
    request: CommandRequest,
    order_id: OrderId,
    lines: Vec<LineQuantity>,
    reason: String,
) -> Result<Changed, Problem> {
    let return_id = request.return_id();
    let command = ReturnCommand::Request(RequestReturn {
        return_id,
        order_id,
        lines,
        reason,
    });
    put(api, request, return_id, command).await
}

/// Lets the customer send it, to `location`.
pub(crate) async fn approve(
    api: &CommandApi,
    request: CommandRequest,
    id: ReturnId,
    location: Location,
) -> Result<Changed, Problem> {
    let command = ReturnCommand::Approve(ApproveReturn { location });
    put(api, request, id, command).await
}

/// Does not let the customer send it.
pub(crate) async fn decline(
    api: &CommandApi,
    request: CommandRequest,
    id: ReturnId,
    reason: String,
) -> Result<Changed, Problem> {
    let order_id = order_of(api, id).await?;
    let command = ReturnCommand::Decline(DeclineReturn { order_id, reason });
    put(api, request, id, command).await
}

/// Records that the customer has sent it.
pub(crate) async fn mark_in_transit(
    api: &CommandApi,
    request: CommandRequest,
    id: ReturnId,
    tracking_number: Option<String>,
) -> Result<Changed, Problem> {
    let command = ReturnCommand::MarkInTransit(MarkInTransit { tracking_number });
    put(api, request, id, command).await
}

/// Records that some of it has come; all that had not, if no lines are named.
pub(crate) async fn receive(
    api: &CommandApi,
    request: CommandRequest,
    id: ReturnId,
    lines: Vec<LineQuantity>,
) -> Result<Changed, Problem> {
    let receipt_id = request.id.uuid();
    let command = ReturnCommand::Receive(ReceiveReturn { receipt_id, lines });
    put(api, request, id, command).await
}

/// Records what that is like which has come.
pub(crate) async fn inspect(
    api: &CommandApi,
    request: CommandRequest,
    id: ReturnId,
    lines: Vec<InspectedLine>,
) -> Result<Changed, Problem> {
    let order_id = order_of(api, id).await?;
    let command = ReturnCommand::Inspect(InspectReturn { order_id, lines });
    put(api, request, id, command).await
}

/// Gives it up.
pub(crate) async fn cancel(
    api: &CommandApi,
    request: CommandRequest,
    id: ReturnId,
    reason: String,
) -> Result<Changed, Problem> {
    let order_id = order_of(api, id).await?;
    let command = ReturnCommand::Cancel(CancelReturn { order_id, reason });
    put(api, request, id, command).await
}

/// The order of a return, which never changes. Of a return that there is not, an order that there is
/// not: the decision is then the return's, and remembered, as every refusal.
async fn order_of(api: &CommandApi, id: ReturnId) -> Result<OrderId, Problem> {
    let stream = StreamId::of_return(&api.tenant, id);
    let until = Until::Version(Version::new(1));
    let folded = fold_stream(api.reader.as_ref(), &stream, until)
        .await
        .map_err(|error| problem::unfoldable(error, &stream))?;
    Ok(match folded.state {
        State::Return(Return::Requested(case)) => case.order_id,
        _ => OrderId::new(Uuid::nil()),
    })
}
