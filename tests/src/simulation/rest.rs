//! Waiting until nothing is left to be done.

mod goods;

use super::{REST, checks::read_to_end, clients, projections, provider::Told, word, world::World};
use domain::{
    Command, Event, Location, OrderId, Position, ReturnId, ShipmentId, State, StreamId, TenantId,
    order::{Order, OrderCommand, OrderEvent, ReleaseHold},
    payment::PaymentCommand,
    policy::{Call, Task},
    returns::{
        ApproveReturn, DeclineReturn, MarkInTransit, ReceiveReturn, Return, ReturnCommand,
        ReturnEvent, ReturnStatus,
    },
    shipment::{PackShipment, ShipmentCommand, ShipmentStatus},
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
    word::settle(world).await;
    let (mut head, mut seen_to) = (Position::ZERO, Position::ZERO);
    let mut since = Instant::now();
    loop {
        let now = head_of(world).await?;
        if now != head {
            head = now;
            since = Instant::now();
        }
        if since.elapsed() >= QUIET && seen_to < head {
            // Before their time runs out, which counts as something to be done.
            see_to_returns(world, deadline).await?;
            seen_to = head;
        }
        let left = left(world, head).await?;
        // What was sent during the storm may have put a hold on an order after it.
        if left.is_none()
            && since.elapsed() >= QUIET
            && take_holds_off(world, deadline).await? == 0
            && look_after_the_parked(world).await? == 0
            && pack(world, deadline).await? == 0
            && see_to_returns(world, deadline).await? == 0
            && send_back(world, deadline).await? == 0
            && goods::book_in(world, deadline).await? == 0
            && goods::clear(world, deadline).await? == 0
        {
            return word::all_again(world).await;
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
    if backlog.first_due.is_some() {
        return Ok(Some(format!("{backlog:?}")));
    }
    Ok(projections::behind(world, head).await)
}

async fn head_of(world: &World) -> Result<Position, String> {
    let head = world.store.head().await;
    head.map(|head| head.position)
        .map_err(|error| error.to_string())
}

/// Has the provider asked again about payments that wait for an operator, or declines what it never
/// heard of, as an operator would who has called it up; and has the carrier asked again about what is
/// under way for long. Says about how many.
async fn look_after_the_parked(world: &World) -> Result<usize, String> {
    let parked = world.sagas.parked(usize::MAX).await;
    let mut looked_after = 0;
    for parked in parked.map_err(|error| error.to_string())? {
        let instead = match &parked.task {
            Some(Task::Call(Call::Inquire {
                idempotency_key, ..
            })) => match world.ledger.tells(idempotency_key) {
                Told::NotToBeHad => continue,
                Told::Something => None,
                Told::Nothing => saga::settled(&parked),
            },
            Some(Task::Call(Call::Track { .. })) => None,
            // What the provider would not give back is asked for once more.
            Some(Task::Execute(Command::Payment(_, PaymentCommand::RetryRefund(_)))) => None,
            _ => return Err(format!("this was given up: {parked:?}")),
        };
        world.count(match &parked.task {
            Some(Task::Call(Call::Track { .. })) => "shipment looked after",
            Some(Task::Execute(_)) => "refund looked after",
            _ => "payment looked after",
        });
        let now = world.clock.now();
        let resumed = world.sagas.resume(parked.id, instead.as_ref(), now).await;
        resumed.map_err(|error| error.to_string())?;
        looked_after += 1;
    }
    Ok(looked_after)
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

/// Packs most of what is still to be packed, and leaves some; says how many it packed.
async fn pack(world: &Arc<World>, deadline: Instant) -> Result<usize, String> {
    let mut packed = 0;
    for order in placed(world).await? {
        let shipment = ShipmentId::of(order, &Location::default());
        let stream = StreamId::shipment(&TenantId::default(), shipment);
        let folded = fold_stream(&world.store, &stream, Until::End).await;
        let folded = folded.map_err(|error| error.to_string())?;
        let State::Shipment(state) = folded.state else {
            return Err(format!("{stream} is none of a shipment"));
        };
        let left_behind = order.uuid().as_u128().is_multiple_of(4);
        if state.status() != Some(ShipmentStatus::Pending) || left_behind {
            continue;
        }
        if Instant::now() >= deadline {
            return Err(format!("shipment {shipment} cannot be packed"));
        }
        let pack = ShipmentCommand::Pack(PackShipment);
        let command = clients::envelope(world, Command::Shipment(shipment, pack));
        clients::put(world, command).await;
        packed += 1;
    }
    Ok(packed)
}

/// Has customers ask once for the return of what has arrived; says how many did.
async fn send_back(world: &Arc<World>, deadline: Instant) -> Result<usize, String> {
    let asked = requested(world).await?;
    let mut sent_back = 0;
    for order in placed(world).await? {
        let stream = StreamId::order(&TenantId::default(), order);
        let folded = fold_stream(&world.store, &stream, Until::End).await;
        let folded = folded.map_err(|error| error.to_string())?;
        let State::Order(Order::Placed(state)) = folded.state else {
            return Err(format!("{stream} is none of an order"));
        };
        let is_asked_for = asked.iter().any(|(known, _)| *known == order);
        if is_asked_for || state.progress(1).kept() == 0 {
            continue;
        }
        if Instant::now() >= deadline {
            return Err(format!("nothing of order {order} can be sent back"));
        }
        clients::put(world, clients::request(world, order)).await;
        sent_back += 1;
    }
    Ok(sent_back)
}

/// Lets returns come that nobody has decided on, and looks at those that have; says how many those were.
/// What does not come runs out of time.
async fn see_to_returns(world: &Arc<World>, deadline: Instant) -> Result<usize, String> {
    let mut seen_to = 0;
    for (order, id) in requested(world).await? {
        let stream = StreamId::of_return(&TenantId::default(), id);
        let folded = fold_stream(&world.store, &stream, Until::End).await;
        let folded = folded.map_err(|error| error.to_string())?;
        let State::Return(Return::Requested(case)) = folded.state else {
            return Err(format!("{stream} is none of a return"));
        };
        let location = Location::default();
        let of = |parts: u128| id.uuid().as_u128() % parts;
        let command = match case.status {
            ReturnStatus::Requested if of(4) == 0 => {
                let reason = "worn".into();
                let decline = ReturnCommand::Decline(DeclineReturn {
                    order_id: order,
                    reason,
                });
                clients::envelope(world, Command::Return(id, decline))
            }
            ReturnStatus::Requested => {
                let approve = ReturnCommand::Approve(ApproveReturn { location });
                clients::envelope(world, Command::Return(id, approve))
            }
            ReturnStatus::Approved if of(4) == 1 => {
                let sent = ReturnCommand::MarkInTransit(MarkInTransit {
                    tracking_number: None,
                });
                clients::envelope(world, Command::Return(id, sent))
            }
            ReturnStatus::Approved | ReturnStatus::InTransit if of(4) < 3 => {
                let received = ReturnCommand::Receive(ReceiveReturn {
                    receipt_id: id.uuid(),
                    lines: vec![],
                });
                clients::envelope(world, Command::Return(id, received))
            }
            ReturnStatus::PartiallyReceived | ReturnStatus::Received => {
                clients::look_at(world, order, id)
            }
            _ => continue,
        };
        if Instant::now() >= deadline {
            return Err(format!("nobody can see to the return {id}"));
        }
        clients::put(world, command).await;
        seen_to += 1;
    }
    Ok(seen_to)
}

async fn requested(world: &World) -> Result<Vec<(OrderId, ReturnId)>, String> {
    let mut requested = Vec::new();
    for event in read_to_end(&world.store).await? {
        let recorded = event.decode().map_err(|error| error.to_string())?;
        if let Event::Return(ReturnEvent::ReturnRequested(event)) = recorded.event {
            requested.push((event.order_id, event.return_id));
        }
    }
    Ok(requested)
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
