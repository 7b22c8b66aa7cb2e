//! Waiting until nothing is left to be done.

use super::{REST, checks::read_to_end, clients, projections, world::World};
use domain::{
    Command, Event, OrderId, Position, State, StreamId, TenantId,
    order::{Order, OrderCommand, OrderEvent, ReleaseHold},
};
use saga::storage::{Backlog, SagaStore};
use std::{sync::Arc, time::Duration};
use store::{Clock, EventReader, Until, fold_stream};
use tokio::time::{Instant, sleep};

/// For how long nothing may happen before the platform counts as at rest: some polls.
const QUIET: Duration = Duration::from_secs(6);

/// Waits until nothing is left to be done, with all holds taken off.
pub(super) async fn come_to_rest(world: &Arc<World>) -> Result<(), String> {
    let deadline = Instant::now() + REST;
    let mut head = Position::ZERO;
    let mut since = Instant::now();
    loop {
        let now = head_of(world).await?;
        if now != head {
            head = now;
            since = Instant::now();
        }
        let left = left(world, head).await?;
        // What was sent during the storm may have put a hold on an order after it.
        if left.is_none() && since.elapsed() >= QUIET && take_holds_off(world, deadline).await? == 0
        {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(format!("it never comes to rest: {left:?} is left"));
        }
        sleep(Duration::from_secs(1)).await;
    }
}

/// What is left to be done, if anything.
async fn left(world: &World, head: Position) -> Result<Option<String>, String> {
    let backlog = world.sagas.backlog(world.clock.now()).await;
    let backlog: Backlog = backlog.map_err(|error| error.to_string())?;
    if backlog.parked > 0 {
        return Err(format!("tasks of the sagas were given up: {backlog:?}"));
    }
    if backlog.due + backlog.scheduled > 0 {
        return Ok(Some(format!("{backlog:?}")));
    }
    Ok(projections::behind(world, head).await)
}

async fn head_of(world: &World) -> Result<Position, String> {
    let head = world.store.head().await;
    head.map(|head| head.position)
        .map_err(|error| error.to_string())
}

/// Takes off all holds of all orders, as an operator would; says how many those were.
async fn take_holds_off(world: &Arc<World>, deadline: Instant) -> Result<usize, String> {
    let mut taken_off = 0;
    for order in placed(world).await? {
        let stream = StreamId::order(&TenantId::default(), order);
        loop {
            let folded = fold_stream(&world.store, &stream, Until::End).await;
            let folded = folded.map_err(|error| error.to_string())?;
            let State::Order(Order::Placed(placed)) = folded.state else {
                break;
            };
            let Some(hold) = placed.holds.keys().next().cloned() else {
                break;
            };
            if Instant::now() >= deadline {
                return Err(format!(
                    "the hold {hold} of order {order} cannot be taken off"
                ));
            }
            let release = OrderCommand::ReleaseHold(ReleaseHold { hold });
            let command = clients::envelope(world, Command::Order(order, release));
            clients::put(world, command).await;
            taken_off += 1;
        }
    }
    Ok(taken_off)
}

async fn placed(world: &World) -> Result<Vec<OrderId>, String> {
    let mut placed = Vec::new();
    for event in read_to_end(&world.store).await? {
        let recorded = event.decode().map_err(|error| error.to_string())?;
        if let Event::Order(OrderEvent::OrderPlaced(event)) = recorded.event {
            placed.push(event.order_id);
        }
    }
    Ok(placed)
}
