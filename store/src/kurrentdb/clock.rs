//! The server's time. It is asked for with a subscription, which says when it has caught up.

use super::{
    connection::{ATTEMPTS, Connections, Node},
    methods,
    reading::options,
    status::of_reading,
    wire::{
        Content, CountOption, Direction, Empty, FilterOption, ReadRequest, ReadResponse,
        RevisionOption, StreamIdentifier, StreamOption, StreamOptions, Subscription,
    },
};
use crate::StoreError;
use chrono::{DateTime, Utc};
use tokio::time::timeout;
use tonic::Status;

const WHAT: &str = "asking KurrentDB for the time";

/// Now, by the clock of the node that leads.
pub(super) async fn now(connections: &Connections) -> Result<DateTime<Utc>, StoreError> {
    let mut asked = None;
    let asking = async {
        let mut attempt = 1;
        loop {
            let node = connections.node().await?;
            asked = Some(node.clone());
            match ask(connections, &node).await {
                Ok(Some(time)) => return Ok(time),
                Ok(None) => {
                    return Err(StoreError::Failed {
                        what: WHAT.into(),
                        source: "it does not say when a subscription has caught up".into(),
                    });
                }
                Err(status) => {
                    if !connections.refused(&node, &status) || attempt == ATTEMPTS {
                        return Err(of_reading(WHAT, status));
                    }
                    attempt += 1;
                }
            }
        }
    };
    match timeout(connections.options().reading(), asking).await {
        Ok(now) => now,
        Err(elapsed) => {
            connections.doubt(asked.as_ref());
            Err(StoreError::Unavailable(elapsed.into()))
        }
    }
}

async fn ask(connections: &Connections, node: &Node) -> Result<Option<DateTime<Utc>>, Status> {
    let stream = StreamOption::Stream(StreamOptions {
        stream: Some(StreamIdentifier::of(&connections.names().store())),
        revision: Some(RevisionOption::End(Empty {})),
    });
    let for_ever = CountOption::Subscription(Subscription {});
    let mut options = options(stream, Direction::Forwards, for_ever);
    options.filter = Some(FilterOption::None(Empty {}));
    let request = connections.request(
        ReadRequest {
            options: Some(options),
        },
        Some(connections.options().reading()),
    );
    let mut calls = node.calls();
    let mut answers =
        methods::streaming::<_, ReadResponse>(&mut calls, methods::READ, request).await?;
    while let Some(answer) = answers.message().await? {
        if let Some(Content::CaughtUp(caught_up)) = answer.content {
            let time = caught_up.timestamp.and_then(|at| {
                let micros = at.seconds.checked_mul(1_000_000)?;
                DateTime::from_timestamp_micros(micros + i64::from(at.nanos / 1_000))
            });
            return Ok(time);
        }
    }
    Err(Status::unavailable("the subscription has ended"))
}
