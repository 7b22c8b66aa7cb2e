//! The calls that are made, and whether the server has them.

use super::{
    connection::{Connections, Node},
    status::of_reading,
    wire::{Empty, SupportedMethods},
};
use crate::StoreError;
use prost::Message;
use tonic::{
    Code, Request, Status, Streaming, client::Grpc, codegen::http::uri::PathAndQuery,
    transport::Channel,
};
use tonic_prost::ProstCodec;

pub(super) const READ: &str = "/event_store.client.streams.Streams/Read";
pub(super) const GOSSIP: &str = "/event_store.client.gossip.Gossip/Read";
pub(super) const APPEND: &str = "/kurrentdb.protocol.v2.streams.StreamsService/AppendRecords";
const FEATURES: &str = "/event_store.client.server_features.ServerFeatures/GetSupportedMethods";

/// The first version whose appends may have conditions on streams that they do not write to.
const SINCE: (u32, u32) = (26, 1);

/// One message for another.
pub(super) async fn unary<Q, A>(
    calls: &mut Grpc<Channel>,
    path: &'static str,
    request: Request<Q>,
) -> Result<A, Status>
where
    Q: Message + 'static,
    A: Message + Default + 'static,
{
    ready(calls).await?;
    let codec = ProstCodec::default();
    let answer = calls
        .unary(request, PathAndQuery::from_static(path), codec)
        .await?;
    Ok(answer.into_inner())
}

/// Many messages for one.
pub(super) async fn streaming<Q, A>(
    calls: &mut Grpc<Channel>,
    path: &'static str,
    request: Request<Q>,
) -> Result<Streaming<A>, Status>
where
    Q: Message + 'static,
    A: Message + Default + 'static,
{
    ready(calls).await?;
    let codec = ProstCodec::default();
    let path = PathAndQuery::from_static(path);
    Ok(calls
        .server_streaming(request, path, codec)
        .await?
        .into_inner())
}

async fn ready(calls: &mut Grpc<Channel>) -> Result<(), Status> {
    calls
        .ready()
        .await
        .map_err(|error| Status::from_error(error.into()))
}

/// Refuses a server that cannot append to several streams at once, on conditions.
pub(super) async fn check(connections: &Connections, node: &Node) -> Result<(), StoreError> {
    let timeout = connections.options().connecting();
    let request = connections.request_any(Empty {}, timeout);
    let mut calls = node.calls();
    let asking = unary::<_, SupportedMethods>(&mut calls, FEATURES, request);
    let asked = tokio::time::timeout(timeout, asking);
    let said = match asked.await {
        Ok(Ok(said)) => said,
        Ok(Err(status)) if matches!(status.code(), Code::Unimplemented | Code::NotFound) => {
            return Err(too_old(node, "a version before 21.6"));
        }
        Ok(Err(status)) => return Err(of_reading("asking KurrentDB what it can do", status)),
        Err(elapsed) => return Err(StoreError::Unavailable(elapsed.into())),
    };
    let is_named = said.methods.iter().any(|it| {
        it.method.eq_ignore_ascii_case("appendrecords")
            && it
                .service
                .eq_ignore_ascii_case("kurrentdb.protocol.v2.streams.streamsservice")
    });
    match is_named || version(&said.version).is_some_and(|version| version >= SINCE) {
        true => Ok(()),
        false => Err(too_old(node, &format!("version {}", said.version))),
    }
}

fn too_old(node: &Node, what: &str) -> StoreError {
    let (major, minor) = SINCE;
    StoreError::Failed {
        what: format!("using the server at {node} as event store"),
        source: format!(
            "it is {what}: a command's events and record are appended to several streams at once, \
             on conditions, which KurrentDB can from {major}.{minor} on"
        )
        .into(),
    }
}

/// Major and minor.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text
        .trim_start_matches(['v', 'V'])
        .split(['.', '-', '+', ' ']);
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next()?.parse().ok()?;
    Some((major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version("26.1.0"), Some((26, 1)));
        assert_eq!(version("v26.10.3-rc.1"), Some((26, 10)));
        assert_eq!(version("nightly"), None);
        assert!(version("26.0.3") < Some(SINCE) && version("100.0.0") > Some(SINCE));
    }
}
