//! The broker as one process has it: what it brings is late, doubled, out of order, or nothing.

use super::super::node::{Broken, Node};
use async_trait::async_trait;
use bus::broker::{
    Acknowledgement, Broker, BrokerError, Duplicates, Holding, Message, Subscription,
};
use futures::{FutureExt, StreamExt, stream};
use std::sync::Arc;

/// The shared broker, over this process's connection.
pub(in super::super) struct NodeBroker(pub Arc<Node>);

fn broken(broken: Broken) -> BrokerError {
    BrokerError::Unavailable(broken.to_string())
}

#[async_trait]
impl Broker for NodeBroker {
    async fn look(&self) -> Result<Holding, BrokerError> {
        let broker = self.0.world.broker.clone();
        let look = async move { broker.look().await };
        self.0.call("broker: look", look).await.map_err(broken)?
    }

    async fn publish(
        &self,
        message: &Message,
        after: u64,
        duplicates: Duplicates,
    ) -> Result<Acknowledgement, BrokerError> {
        let node = Arc::clone(&self.0);
        let message = message.clone();
        let publish = async move { node.world.broker.publish(&message, after, duplicates).await };
        let sent = self.0.call("broker: publish", publish).await;
        let acknowledgement = match sent {
            Ok(sent) => sent?,
            Err(broken @ Broken::Refused) => {
                return Err(BrokerError::Unavailable(broken.to_string()));
            }
            // It is on its way, as far as anybody knows.
            Err(broken @ Broken::Unknown) => {
                let lost = BrokerError::Unavailable(broken.to_string());
                futures::future::ready(Err(lost)).boxed()
            }
        };
        let node = Arc::clone(&self.0);
        Ok(async move {
            node.step("broker: acknowledgement").await;
            acknowledgement.await
        }
        .boxed())
    }

    async fn clear(&self, up_to: u64) -> Result<(), BrokerError> {
        let broker = self.0.world.broker.clone();
        let clear = async move { broker.clear(up_to).await };
        self.0.call("broker: clear", clear).await.map_err(broken)?
    }

    async fn subscribe(&self) -> Result<Subscription, BrokerError> {
        let broker = self.0.world.broker.clone();
        let subscribe = async move { broker.subscribe().await };
        let messages = self.0.call("broker: subscribe", subscribe).await;
        let messages = messages.map_err(broken)??;
        let delivery = Delivery {
            node: Arc::clone(&self.0),
            messages,
            again: None,
            overtaken: None,
            ended: false,
        };
        Ok(stream::unfold(delivery, |mut delivery| async move {
            let next = delivery.next().await?;
            Some((next, delivery))
        })
        .boxed())
    }
}

/// What a subscription brings.
struct Delivery {
    node: Arc<Node>,
    messages: Subscription,
    /// A message that comes a second time, or after the one that followed it.
    again: Option<Message>,
    /// A message that the next one overtakes.
    overtaken: Option<Message>,
    ended: bool,
}

impl Delivery {
    async fn next(&mut self) -> Option<Result<Message, BrokerError>> {
        if self.ended {
            return None;
        }
        if let Some(again) = self.again.take() {
            return Some(Ok(again));
        }
        loop {
            let next = self.messages.next().await?;
            let node = &self.node;
            node.step("broker: message").await;
            let world = &node.world;
            match next {
                Ok(_) if world.goes_wrong(world.faults.broker / 4) => {
                    world.count("message lost");
                    node.trace(|| "broker: a message is lost".into());
                }
                Ok(_) if world.goes_wrong(world.faults.broker / 4) => {
                    node.trace(|| "broker: a message cannot be read".into());
                    return Some(Err(BrokerError::Malformed("simulated".into())));
                }
                Ok(_) if world.goes_wrong(world.faults.broker / 4) => {
                    node.trace(|| "broker: the subscription ends".into());
                    self.ended = true;
                    return Some(Err(BrokerError::Lost("simulated".into())));
                }
                Ok(message) if self.overtaken.is_some() => {
                    self.again = self.overtaken.take();
                    return Some(Ok(message));
                }
                Ok(message) if world.goes_wrong(world.faults.broker / 4) => {
                    world.count("message overtaken");
                    node.trace(|| "broker: a message is overtaken by the next".into());
                    self.overtaken = Some(message);
                }
                Ok(message) => {
                    if world.goes_wrong(world.faults.broker) {
                        world.count("message twice");
                        self.again = Some(message.clone());
                    }
                    return Some(Ok(message));
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
