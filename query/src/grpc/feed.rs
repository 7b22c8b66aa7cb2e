//! `orders.v1.OrderFeed`

use super::{failed, streams, subscriber::Subscriber};
use crate::api::Api;
use chassis::{Problem, grpc::context};
use futures::{StreamExt, stream, stream::BoxStream};
use proto::v1::{
    SubscribeRequest, SubscribeResponse, order_feed_server::OrderFeed, subscribe_request::Message,
};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;
use tonic::{Request, Response, Status, Streaming, async_trait};

/// How long a subscriber may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);

/// The service.
#[derive(Clone)]
pub(super) struct Feed(pub Arc<Api>);

#[async_trait]
impl OrderFeed for Feed {
    type SubscribeStream = BoxStream<'static, Result<SubscribeResponse, Status>>;

    async fn subscribe(
        &self,
        call: Request<Streaming<SubscribeRequest>>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let context = context(&call);
        let place = streams::place(&self.0).map_err(|problem| failed(&context, problem))?;
        let mut said = call.into_inner();
        let first = timeout(PATIENCE, said.message()).await;
        let Ok(first) = first else {
            let detail = "Nothing was said for 10 s, and the first message says what is wanted: subscribe again.";
            return Err(failed(&context, Problem::request_timeout(detail)));
        };
        let wanted = match first?.and_then(|first| first.message) {
            Some(Message::Subscribe(wanted)) => wanted,
            Some(Message::Acknowledge(_)) | None => {
                let rule = "the first message must be a `subscribe`";
                let problem =
                    Problem::bad_request("INVALID_BODY", format!("The message is wrong: {rule}."))
                        .with_error("/message", "INVALID", rule);
                return Err(failed(&context, problem));
            }
        };
        let subscriber = Subscriber::new(Arc::clone(&self.0), &wanted, said)
            .map_err(|problem| failed(&context, problem))?;
        let served = stream::unfold(Some((subscriber, context, place)), async |serving| {
            let (mut subscriber, context, place) = serving?;
            match subscriber.next().await {
                Ok(Some(message)) => Some((Ok(message), Some((subscriber, context, place)))),
                Ok(None) => None,
                Err(problem) => Some((Err(failed(&context, problem)), None)),
            }
        });
        Ok(Response::new(served.boxed()))
    }
}
