//! The task runner: what it does about failures, and its bounds.

use crate::{
    fakes::{Scripted, Step},
    harness::{Rules, Shop, inquiries, until},
};
use domain::{
    Command, Currency, EventId, Money, OrderId, Position, TenantId,
    order::{ExpireOrder, OrderCommand},
    policy::{Call, Task, TimerName},
};
use saga::{
    provider::CallError,
    storage::{Commit, Context, StoredTask},
};
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use store::{Clock, SystemClock};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

fn later() -> Step {
    Step::Fail(CallError::Later("busy".into()))
}

async fn shop(provider: Scripted, rules: Rules) -> (Shop, Arc<Scripted>) {
    let mut shop = Shop::with(rules).await;
    let provider = Arc::new(provider);
    shop.provider = provider.clone();
    shop.receive("A", 100).await;
    (shop, provider)
}

async fn parked(shop: &Shop) -> u64 {
    let backlog = shop.storage.backlog(SystemClock.now()).await.unwrap();
    backlog.parked
}

fn task(n: u128, name: Option<TimerName>, task: Task) -> StoredTask {
    StoredTask {
        id: Uuid::from_u128(0xAAAA_0000 + n),
        order_id: OrderId::new(Uuid::from_u128(0xBBBB_0000 + n)),
        name,
        due_at: SystemClock.now(),
        attempts: 0,
        task,
        context: Context {
            tenant: TenantId::default(),
            correlation_id: Uuid::from_u128(1),
            causation_id: EventId::new(Uuid::from_u128(2)),
            traceparent: None,
        },
    }
}

async fn schedule(shop: &Shop, tasks: Vec<StoredTask>) {
    shop.storage.take_over("test", 1).await.unwrap();
    let commit = Commit {
        policy: "test",
        leader_epoch: 1,
        from: Position::ZERO,
        to: Position::new(1).into(),
        store_epoch: Uuid::from_u128(1),
        states: vec![],
        schedule: tasks,
        unschedule: vec![],
    };
    shop.storage.commit(commit).await.unwrap();
}

fn void(n: u128) -> Task {
    Task::Call(Call::Void {
        order_id: OrderId::new(Uuid::from_u128(0xBBBB_0000 + n)),
        authorization_id: "auth".into(),
        idempotency_key: "v".into(),
    })
}

#[tokio::test]
async fn a_call_that_was_not_taken_is_put_again_and_nothing_is_unknown() {
    let script = Scripted::of([later(), later(), later(), Step::Authorize]);
    let (shop, provider) = shop(script, Rules::default()).await;
    shop.start();
    let order = shop.place("tok", &["A"]).await;
    shop.until_order(order, "OrderConfirmed").await;
    assert_eq!(
        shop.payment(order).await,
        ["PaymentAuthorizationRequested", "PaymentAuthorized"]
    );
    assert_eq!(provider.calls.load(Relaxed), 4);
}

#[tokio::test]
async fn a_call_that_is_never_taken_has_an_unknown_outcome_in_the_end() {
    let script = Scripted::of((0..5).map(|_| later()));
    let rules = Rules {
        limits: inquiries(&[10, 10]),
        ..Rules::default()
    };
    let (shop, _) = shop(script, rules).await;
    shop.start();
    let order = shop.place("tok", &["A"]).await;
    shop.until_order(order, "OrderConfirmed").await;
    assert_eq!(
        shop.payment(order).await,
        [
            "PaymentAuthorizationRequested",
            "PaymentOutcomeUnknown",
            "PaymentAuthorized"
        ]
    );
}

#[tokio::test]
async fn a_task_that_panics_is_tried_again_and_holds_nothing_up() {
    let script = Scripted::of([Step::Panic, Step::Panic, Step::Authorize]);
    let rules = Rules {
        concurrency: 1,
        ..Rules::default()
    };
    let (shop, provider) = shop(script, rules).await;
    shop.start();
    let order = shop.place("tok", &["A"]).await;
    shop.until_order(order, "OrderConfirmed").await;
    assert_eq!(provider.calls.load(Relaxed), 3);
}

#[tokio::test]
async fn a_void_is_tried_until_an_operator_must_look() {
    let broken = || Step::Fail(CallError::Unknown("broken".into()));
    let rules = Rules {
        retries: vec![Duration::from_millis(1); 3],
        ..Rules::default()
    };
    let (shop, provider) = shop(Scripted::of((0..4).map(|_| broken())), rules).await;
    schedule(&shop, vec![task(1, None, void(1))]).await;
    shop.start();
    until("it to be parked", async || parked(&shop).await == 1).await;
    assert_eq!(provider.calls.load(Relaxed), 4);
    shop.settle().await;
    assert_eq!(parked(&shop).await, 1);
}

#[tokio::test]
async fn a_void_that_is_refused_is_not_tried_again() {
    let script = Scripted::of([Step::Fail(CallError::Refused("CAPTURED".into()))]);
    let (shop, provider) = shop(script, Rules::default()).await;
    schedule(&shop, vec![task(1, None, void(1))]).await;
    shop.start();
    until("it to be parked", async || parked(&shop).await == 1).await;
    assert_eq!(provider.calls.load(Relaxed), 1);
}

/// Money that the provider set aside, and that no payment of ours knows what to do with, must not
/// be forgotten.
#[tokio::test]
async fn money_that_the_books_refuse_is_left_to_an_operator() {
    let (shop, _) = shop(Scripted::default(), Rules::default()).await;
    let order_id = OrderId::new(Uuid::from_u128(7));
    let authorize = Call::Authorize {
        order_id,
        attempt: 1,
        amount: Money::new(5, Currency::parse("EUR").unwrap()),
        payment_method: "tok".into(),
        idempotency_key: "k".into(),
    };
    schedule(&shop, vec![task(1, None, Task::Call(authorize))]).await;
    shop.start();
    until("it to be parked", async || parked(&shop).await == 1).await;
    assert_eq!(shop.payment(order_id).await, [""; 0]);
}

#[tokio::test]
async fn a_timer_that_is_not_wanted_any_more_is_done() {
    let (shop, _) = shop(Scripted::default(), Rules::default()).await;
    shop.start();
    let order = shop.place("tok", &["A"]).await;
    shop.until_order(order, "OrderConfirmed").await;
    shop.settle().await;
    let expire = Command::Order(order, OrderCommand::Expire(ExpireOrder));
    let timer = task(1, Some(TimerName::Reservation), Task::Execute(expire));
    schedule(&shop, vec![timer]).await;
    until("it to be forgotten", async || {
        let backlog = shop.storage.backlog(SystemClock.now()).await.unwrap();
        backlog.due + backlog.parked == 0
    })
    .await;
    assert_eq!(shop.order(order).await, ["OrderPlaced", "OrderConfirmed"]);
}

#[tokio::test]
async fn no_more_tasks_are_under_way_than_allowed_and_all_get_their_turn() {
    let script = Scripted {
        takes: Duration::from_millis(3),
        ..Scripted::default()
    };
    let rules = Rules {
        concurrency: 4,
        ..Rules::default()
    };
    let (shop, provider) = shop(script, rules).await;
    shop.start();
    let mut orders = vec![];
    for _ in 0..60 {
        orders.push(shop.place("tok", &["A"]).await);
    }
    for order in orders {
        shop.until_order(order, "OrderConfirmed").await;
    }
    assert_eq!(provider.most.load(Relaxed), 4);
    assert_eq!(provider.calls.load(Relaxed), 60);
}

/// Where the lane has stopped, the process is stopping: the next leader does the rest.
#[tokio::test]
async fn without_a_lane_tasks_are_left_to_the_next_leader() {
    let (mut shop, provider) = shop(Scripted::default(), Rules::default()).await;
    let alive = shop.lane.clone();
    let (stopped, work) = store::lane::Lane::new(
        Arc::new(shop.store.clone()),
        store::lane::LaneOptions::default(),
    );
    drop(work);
    shop.lane = stopped;
    schedule(&shop, (1..=3).map(|n| task(n, None, void(n))).collect()).await;
    let stop = CancellationToken::new();
    let runner = shop.task_runner();
    let running = runner.run(stop.clone());
    let waiting = async {
        until("each to be tried", async || {
            provider.calls.load(Relaxed) >= 3
        })
        .await;
        // Many polls later, none was tried again.
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.cancel();
    };
    let (ran, ()) = tokio::join!(running, waiting);
    ran.unwrap();
    assert_eq!(provider.calls.load(Relaxed), 3);
    let backlog = shop.storage.backlog(SystemClock.now()).await.unwrap();
    assert_eq!((backlog.due, backlog.parked), (3, 0));

    shop.lane = alive;
    shop.start();
    // Their voids are of payments that are not there, which is a matter for people.
    until("the next leader", async || parked(&shop).await == 3).await;
}
