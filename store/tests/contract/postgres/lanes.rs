//! Commands through the lanes of several processes.

use super::children::{at_once, role, wait_for_the_others};
use crate::{
    follow::{check_order, read_to_end},
    world::{World, connect},
};
use chrono::DateTime;
use domain::{
    Actor, Command, CommandEnvelope, CommandId, Currency, CustomerId, OrderId, Position, Sku,
    TenantId,
    order::{AddNote, NewLine, OrderCommand, PlaceOrder},
};
use futures::future::join_all;
use std::{collections::HashMap, sync::Arc};
use store::lane::{Executed, Lane, LaneOptions};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How many processes there are, and callers of one id in all of them.
const PROCESSES: usize = 4;
const CALLERS: usize = 32;

/// How many ids are raced for.
const ROUNDS: u128 = 20;

/// What a child prints before what it was told.
const TOLD: &str = "told ";

fn put(id: u128, command: OrderCommand) -> CommandEnvelope {
    CommandEnvelope {
        id: CommandId::new(Uuid::from_u128(id)),
        fingerprint: Some([1; 32]),
        tenant: TenantId::default(),
        actor: Actor::parse("test").unwrap(),
        correlation_id: Uuid::from_u128(id),
        causation_id: None,
        traceparent: None,
        occurred_at: DateTime::UNIX_EPOCH,
        expected: None,
        command: Command::Order(order(), command),
    }
}

fn order() -> OrderId {
    OrderId::new(Uuid::from_u128(1))
}

fn place() -> OrderCommand {
    OrderCommand::Place(PlaceOrder {
        order_id: order(),
        customer_id: CustomerId::parse("c").unwrap(),
        currency: Currency::parse("EUR").unwrap(),
        lines: vec![NewLine {
            sku: Sku::parse("A").unwrap(),
            quantity: 1,
            unit_price: 100,
            currency: None,
            terms: Default::default(),
        }],
        terms: Default::default(),
        total: None,
        shipping_address: None,
        payment_method: "tok_approve".into(),
        reference: None,
        placed_at: DateTime::UNIX_EPOCH,
    })
}

/// A note that is another one each time it is decided.
fn note() -> OrderCommand {
    OrderCommand::AddNote(AddNote {
        note_id: Uuid::new_v4(),
        text: "x".into(),
    })
}

#[expect(clippy::print_stdout, reason = "this is how a child tells its parent")]
async fn callers(url: &str) {
    let store = Arc::new(connect(url).await);
    let (lane, work) = Lane::new(store, LaneOptions::default());
    let working = tokio::spawn(work.run(CancellationToken::new()));
    wait_for_the_others(url).await;
    for round in 0..ROUNDS {
        let id = 100 + round;
        let calls = (0..CALLERS / PROCESSES).map(|_| lane.execute(put(id, note())));
        for executed in join_all(calls).await {
            let Executed {
                version,
                position,
                replayed,
                ..
            } = executed.unwrap();
            println!("{TOLD}{id} {version} {position} {replayed}");
        }
    }
    drop(lane);
    working.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_id_put_through_many_lanes_has_one_effect_and_one_answer() {
    if let Some(role) = role() {
        return callers(&role[0]).await;
    }
    let world = World::postgres().await;
    let World::Postgres(database) = &world else {
        unreachable!("it is over PostgreSQL")
    };
    let store = world.store().await;
    let (lane, work) = Lane::new(store.clone(), LaneOptions::default());
    tokio::spawn(work.run(CancellationToken::new()));
    lane.execute(put(1, place())).await.unwrap();
    let test = "postgres::lanes::one_id_put_through_many_lanes_has_one_effect_and_one_answer";
    let told = at_once(database.url(), test, database.url(), PROCESSES, TOLD).await;
    assert_eq!(told.len(), CALLERS * ROUNDS as usize);
    let mut answers: HashMap<&str, Vec<(&str, bool)>> = HashMap::new();
    for line in &told {
        let (id, answer) = line.split_once(' ').unwrap();
        let (answer, replayed) = answer.rsplit_once(' ').unwrap();
        let replayed = replayed.parse().unwrap();
        answers.entry(id).or_default().push((answer, replayed));
    }
    for (id, answers) in &answers {
        assert_eq!(answers.len(), CALLERS, "of {id}");
        let first = answers.iter().filter(|(_, replayed)| !replayed);
        assert_eq!(first.count(), 1, "of {id}: {answers:?}");
        assert!(
            answers.iter().all(|(answer, _)| *answer == answers[0].0),
            "of {id}: {answers:?}"
        );
    }
    let events = read_to_end(store.as_ref(), Position::ZERO).await;
    check_order(&events);
    assert_eq!(events.len(), 1 + ROUNDS as usize, "one effect each");
}
