//! A call as a write.

use crate::api::{
    Api,
    request::{Once, Write},
};
use chassis::{
    Problem,
    extract::IfMatch,
    grpc::{CALL, once},
};
use proto::Write as Call;

/// The write that `message` is, with `body` of it.
///
/// # Errors
/// 400: no request id, or one that is none, or an etag that is none.
pub(super) fn write<M: Call, B>(api: &Api, message: &M, body: B) -> Result<Write<B>, Problem> {
    let (key, IfMatch(seen)) = once(message.request_id(), message.etag())?;
    let once = Once::new(api, CALL, M::PATH, &key, &message.encode_to_vec());
    Ok(Write { once, seen, body })
}
