//! gRPC beside REST: the same port, the same layer around every request, the same errors.
//!
//! Services answer a [`Problem`](crate::Problem) as a [`Status`](tonic::Status) through [`status`];
//! what the layers refuse becomes one by itself.

mod brief;
mod deadline;
mod health;
mod router;
mod status;
mod write;

pub use brief::brief;
pub use health::health;
pub use router::router;
pub use status::status;
pub use write::{CALL, once};

pub(crate) use deadline::deadline;
pub(crate) use status::{answer, as_http_status};

use axum::http::{HeaderMap, header::CONTENT_TYPE};
use tonic::{Request, Status};

use crate::layers::RequestContext;

/// Calls that last as long as the client goes on sending: no time limit ends them but their own.
pub const LASTING_CALLS: [&str; 1] = ["/orders.v1.OrderImport/ImportOrders"];

/// Calls whose caller goes on sending: what it has sent is worked off bit by bit.
pub const STREAMED_CALLS: [&str; 4] = [
    LASTING_CALLS[0],
    "/orders.v1.OrderFeed/Subscribe",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// Whether a request is a gRPC call: its errors are read from headers and trailers then.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
    content_type
        .and_then(|value| value.strip_prefix(b"application/grpc"))
        // gRPC-Web and others are none.
        .is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// What is known about a call: who asks, as logs, answers and events name it.
pub fn context<T>(call: &Request<T>) -> RequestContext {
    let known = call.extensions().get::<RequestContext>();
    // Outside of the layer, a call has but its headers.
    known
        .cloned()
        .unwrap_or_else(|| RequestContext::of_headers(call.metadata().as_ref()))
}

/// Lets everybody call: there is no authentication yet, over REST neither. What takes its place sees
/// each call before its service does, and refuses it or writes into its extensions who calls.
///
/// # Errors
/// None.
pub fn open(call: Request<()>) -> Result<Request<()>, Status> {
    Ok(call)
}

#[cfg(test)]
mod tests;
