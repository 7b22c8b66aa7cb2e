//! `WatchOrder`: an order, again whenever it has changed.

use super::{failed, fields, streams};
use crate::{
    api::Api,
    freshness::Projection,
    orders::{OrderBody, get},
    read_your_writes::ReadYourWrites,
};
use chassis::{Problem, layers::RequestContext};
use domain::OrderId;
use futures::{StreamExt, stream, stream::BoxStream};
use proto::v1::{WatchOrderRequest, WatchOrderResponse};
use std::{sync::Arc, time::Duration};
use tokio::{sync::OwnedSemaphorePermit, time::sleep};
use tonic::Status;

/// At least so long between two looks at an order: many are watched, and most of what happens concerns
/// another one.
const PACE: Duration = Duration::from_millis(250);
/// How long to wait for the read model to move before looking all the same.
const PATIENCE: Duration = Duration::from_secs(5);

/// Someone who watches an order.
struct Watch {
    api: Arc<Api>,
    context: RequestContext,
    order_id: OrderId,
    /// The position of the last change that was told.
    told: i64,
    /// How far the read model was when the order was last looked at, or further.
    seen: i64,
    _place: OwnedSemaphorePermit,
}

/// The order that `message` names, and its changes.
///
/// # Errors
/// 404: there is no such order; 429, 503: not now.
pub(super) async fn watch(
    api: Arc<Api>,
    context: RequestContext,
    message: &WatchOrderRequest,
) -> Result<BoxStream<'static, Result<WatchOrderResponse, Status>>, Problem> {
    let order_id = fields::order_id(&message.order_id)?;
    let writes = fields::writes(message.read_your_writes.as_ref())?;
    let place = streams::place(&api)?;
    let seen = seen(&api);
    let got = get(&api, order_id, None, writes).await?;
    let order = got.order(&api).await?;
    let watch = Watch {
        seen,
        told: order.position,
        api: Arc::clone(&api),
        context,
        order_id,
        _place: place,
    };
    let first = stream::iter([Ok(response(order))]);
    let changes = stream::unfold(Some(watch), async |watch| Some(watch?.next().await));
    Ok(first.chain(changes).boxed())
}

/// How far the read model is. Taken before a look at an order, so that no change falls in between.
fn seen(api: &Api) -> i64 {
    api.freshness.as_of(Projection::Orders).position
}

fn response(order: OrderBody<'_>) -> WatchOrderResponse {
    WatchOrderResponse {
        order: Some(order.into()),
    }
}

impl Watch {
    /// The next change, and who waits for the one after it; nobody after a failure.
    async fn next(mut self) -> (Result<WatchOrderResponse, Status>, Option<Self>) {
        match self.change().await {
            Ok(change) => (Ok(change), Some(self)),
            Err(problem) => (Err(failed(&self.context, problem)), None),
        }
    }

    async fn change(&mut self) -> Result<WatchOrderResponse, Problem> {
        let stopping = self.api.stopping.clone();
        loop {
            let waited = stopping.run_until_cancelled(self.until_it_may_have_changed());
            waited.await.ok_or_else(streams::stopping)?;
            self.seen = seen(&self.api);
            let current = get(&self.api, self.order_id, None, ReadYourWrites::default());
            let got = current.await?;
            let order = got.order(&self.api).await?;
            // A read model that is made anew, or fails over, may be behind for a moment.
            if order.position > self.told {
                self.told = order.position;
                return Ok(response(order));
            }
        }
    }

    async fn until_it_may_have_changed(&self) {
        let freshness = &self.api.freshness;
        let moved = freshness.moved(Projection::Orders, self.seen, PATIENCE);
        tokio::join!(moved, sleep(PACE));
    }
}
