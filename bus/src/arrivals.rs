//! A subscription that is made again whenever it ends.

use crate::{
    back_off::BackOff,
    broker::{Broker, BrokerError, Message, Subscription},
};
use futures::{StreamExt, stream, stream::BoxStream};
use std::{sync::Arc, time::Duration};

/// What comes of the broker.
pub(crate) enum Arrival {
    /// Messages come from here on, the last one of the stream first.
    Joined,
    /// A message.
    Message(Box<Message>),
    /// A message that cannot be read.
    Malformed(BrokerError),
    /// No messages come for now.
    Lost(BrokerError),
}

struct State {
    broker: Arc<dyn Broker>,
    subscription: Option<Subscription>,
    back_off: BackOff,
    tried: bool,
}

/// Everything that arrives, for ever; attempts to subscribe are at most `longest` apart.
pub(crate) fn arrivals(broker: Arc<dyn Broker>, longest: Duration) -> BoxStream<'static, Arrival> {
    let state = State {
        broker,
        subscription: None,
        back_off: BackOff::new(longest),
        tried: false,
    };
    stream::unfold(state, |mut state| async move {
        let arrival = state.next().await;
        Some((arrival, state))
    })
    .boxed()
}

impl State {
    async fn next(&mut self) -> Arrival {
        let Some(subscription) = &mut self.subscription else {
            return self.subscribe().await;
        };
        match subscription.next().await {
            Some(Ok(message)) => {
                self.back_off.reset();
                Arrival::Message(Box::new(message))
            }
            Some(Err(error @ BrokerError::Malformed(_))) => Arrival::Malformed(error),
            Some(Err(error)) => self.lost(error),
            None => self.lost(BrokerError::Lost("the connection was closed".into())),
        }
    }

    async fn subscribe(&mut self) -> Arrival {
        if std::mem::replace(&mut self.tried, true) {
            tokio::time::sleep(self.back_off.take()).await;
        }
        match self.broker.subscribe().await {
            Ok(subscription) => {
                self.subscription = Some(subscription);
                Arrival::Joined
            }
            Err(error) => Arrival::Lost(error),
        }
    }

    fn lost(&mut self, error: BrokerError) -> Arrival {
        self.subscription = None;
        Arrival::Lost(error)
    }
}
