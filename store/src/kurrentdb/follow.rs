//! Hints from other processes: a subscription to all events.

use super::{
    connection::Connections,
    event::Read,
    methods,
    reading::{matching, options},
    wire::{
        AllOption, AllOptions, Content, CountOption, Direction, Empty, ReadRequest, ReadResponse,
        StreamOption, Subscription,
    },
};
use crate::{Signaller, StoreError};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::time::{sleep, timeout};

/// How long it takes to try again when the subscription is dropped. Nothing depends on it: whoever
/// waits for a hint also polls.
const RETRY: Duration = Duration::from_secs(1);

/// Turns events into hints, for ever.
pub(super) async fn follow(connections: Arc<Connections>, signaller: Signaller) {
    loop {
        let Err(error) = subscription(&connections, &signaller).await;
        tracing::warn!(%error, "not hearing of appends of other processes; trying again");
        sleep(RETRY).await;
    }
}

async fn subscription(
    connections: &Connections,
    signaller: &Signaller,
) -> Result<Infallible, StoreError> {
    let node = connections.node().await?;
    let all = StreamOption::All(AllOptions {
        from: Some(AllOption::End(Empty {})),
    });
    let for_ever = CountOption::Subscription(Subscription {});
    let mut options = options(all, Direction::Forwards, for_ever);
    options.filter = Some(matching(connections.names().events()));
    let request = connections.request(
        ReadRequest {
            options: Some(options),
        },
        None,
    );
    let mut calls = node.calls();
    let subscribing = methods::streaming::<_, ReadResponse>(&mut calls, methods::READ, request);
    let subscribed = match timeout(connections.options().reading(), subscribing).await {
        Ok(subscribed) => subscribed,
        Err(elapsed) => {
            connections.doubt(Some(&node));
            return Err(StoreError::Unavailable(elapsed.into()));
        }
    };
    let mut answers = match subscribed {
        Ok(answers) => answers,
        Err(status) => {
            connections.refused(&node, &status);
            return Err(StoreError::Unavailable(status.into()));
        }
    };
    loop {
        match answers.message().await {
            Ok(Some(answer)) => match answer.content {
                Some(Content::Event(read)) => {
                    let position = read.event.map(|event| Read(event).position());
                    if let Some(position) = position.transpose()? {
                        signaller.hint(position);
                    }
                }
                // What was appended while nobody listened.
                Some(Content::Subscribed(_)) => signaller.hint(super::head(connections).await?),
                _ => {}
            },
            Ok(None) => return Err(StoreError::Unavailable("the subscription has ended".into())),
            Err(status) => {
                connections.refused(&node, &status);
                return Err(StoreError::Unavailable(status.into()));
            }
        }
    }
}
