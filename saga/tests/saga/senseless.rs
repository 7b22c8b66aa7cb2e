//! Commands of the sagas that no state would accept.

use crate::{
    fakes::Scripted,
    harness::{Rules, until},
    tasks::{parked, schedule, shop, task},
};
use domain::{
    Command, Event, Location, OrderId, Recorded, Sku,
    order::OrderEvent,
    policy::{Limits, Policy, Reaction, Task, TimerName},
    stock::{ReceiveStock, StockCommand},
};
use store::{Clock, SystemClock};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What no state would accept is not forgotten as if it had been an answer.
#[tokio::test]
async fn a_timer_that_makes_no_sense_is_left_to_an_operator() {
    let (shop, _) = shop(Scripted::default(), Rules::default()).await;
    shop.start();
    let timer = task(1, Some(TimerName::Reservation), Task::Execute(nonsense()));
    schedule(&shop, vec![timer]).await;
    until("it to be parked", async || parked(&shop).await == 1).await;
    let parked = shop.storage.parked(1).await.unwrap();
    assert!(parked[0].problem.contains("QUANTITY"), "{parked:?}");
}

fn nonsense() -> Command {
    Command::Stock(StockCommand::Receive(ReceiveStock {
        receipt_id: Uuid::from_u128(5),
        location: Location::default(),
        sku: Sku::parse("A").unwrap(),
        quantity: 0,
        reference: None,
    }))
}

/// A policy that makes mistakes.
struct Mistaken;

impl Policy for Mistaken {
    const NAME: &'static str = "mistaken";
    type State = u32;

    fn key(event: &Recorded) -> Option<OrderId> {
        match &event.event {
            Event::Order(OrderEvent::OrderPlaced(placed)) => Some(placed.order_id),
            _ => None,
        }
    }

    fn react(_: &Limits, state: u32, _: &Recorded) -> (u32, Vec<Reaction>) {
        (state + 1, vec![Reaction::Execute(nonsense())])
    }
}

/// It is not lost with the event that it follows from, and keeps nothing else waiting.
#[tokio::test]
async fn a_policys_command_that_makes_no_sense_is_left_to_an_operator() {
    let (shop, _) = shop(Scripted::default(), Rules::default()).await;
    let orders = [
        shop.place("tok", &["A"]).await,
        shop.place("tok", &["A"]).await,
    ];
    let runner = shop.policy::<Mistaken>();
    let stop = CancellationToken::new();
    let running = runner.run(1, stop.clone());
    let waiting = async {
        until("both to be parked", async || parked(&shop).await == 2).await;
        stop.cancel();
    };
    let (ran, ()) = tokio::join!(running, waiting);
    ran.unwrap();
    let mut parked = shop.storage.parked(9).await.unwrap();
    parked.sort_by_key(|task| task.order_id);
    for (task, order) in parked.iter().zip(orders) {
        assert_eq!((task.order_id, task.what()), (order, "receive_stock"));
        assert!(task.problem.contains("QUANTITY"), "{task:?}");
    }
    // An operator who has it done again, and it makes no sense still.
    shop.start();
    let now = SystemClock.now();
    assert!(shop.storage.resume(parked[0].id, None, now).await.unwrap());
    until("it to be parked again", async || {
        let parked = shop.storage.parked(9).await.unwrap();
        parked.len() == 2 && parked.iter().any(|task| task.parked_at >= now)
    })
    .await;
}
