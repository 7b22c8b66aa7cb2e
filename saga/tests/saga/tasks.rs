//! The task runner: what it does about failures, and its bounds.

use crate::{
    fakes::{Scripted, Step},
    harness::{DEADLINE, LEADER, Rules, Shop, inquiries, until},
};
use chrono::TimeDelta;
use domain::{
    Command, CommandId, Currency, EventId, Money, OrderId, Position, TenantId,
    order::{ExpireOrder, OrderCommand},
    payment::{
        PaymentCommand, RecordAuthorized, RecordDeclined, RequestAuthorization, RequestVoid,
    },
    policy::{Call, Limits, PaymentPolicy, Policy, Task, TimerName},
};
use saga::{
    provider::CallError,
    storage::{Commit, Context, MemorySagaStore, StoredTask},
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

pub async fn shop(provider: Scripted, rules: Rules) -> (Shop, Arc<Scripted>) {
    let mut shop = Shop::with(rules).await;
    let provider = Arc::new(provider);
    shop.provider = provider.clone();
    shop.receive("A", 100).await;
    (shop, provider)
}

pub async fn parked(shop: &Shop) -> u64 {
    let backlog = shop.storage.backlog(SystemClock.now()).await.unwrap();
    backlog.parked()
}

pub fn task(n: u128, name: Option<TimerName>, task: Task) -> StoredTask {
    StoredTask {
        id: Uuid::from_u128(0xAAAA_0000 + n),
        order_id: order(n),
        name,
        due_at: SystemClock.now(),
        attempts: 0,
        parked: None,
        resumes: None,
        task,
        context: Context {
            tenant: TenantId::default(),
            correlation_id: Uuid::from_u128(1),
            causation_id: EventId::new(Uuid::from_u128(2)),
            traceparent: None,
        },
    }
}

pub async fn schedule(shop: &Shop, tasks: Vec<StoredTask>) {
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

fn order(n: u128) -> OrderId {
    OrderId::new(Uuid::from_u128(0xBBBB_0000 + n))
}

/// Brings a payment to where it waits for its authorization to be given back.
async fn voiding(shop: &Shop, n: u128) {
    let amount = Money::new(5, Currency::parse("EUR").unwrap());
    let commands = [
        PaymentCommand::RequestAuthorization(RequestAuthorization {
            order_id: order(n),
            amount,
            payment_method: "tok".into(),
            attempt: 1,
            max_attempts: 1,
            idempotency_key: "k".into(),
        }),
        PaymentCommand::RecordAuthorized(RecordAuthorized {
            attempt: 1,
            authorization_id: "auth".into(),
            amount,
            expires_at: None,
        }),
        PaymentCommand::RequestVoid(RequestVoid {
            order_id: order(n),
            idempotency_key: "v".into(),
            reason: "no more".into(),
        }),
    ];
    for command in commands {
        shop.put(Command::Payment(order(n), command)).await;
    }
}

fn void(n: u128) -> Task {
    Task::Call(Call::Void {
        order_id: order(n),
        authorization_id: "auth".into(),
        idempotency_key: "v".into(),
        rest: false,
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
    voiding(&shop, 1).await;
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
    voiding(&shop, 1).await;
    shop.start();
    until("it to be parked", async || parked(&shop).await == 1).await;
    assert_eq!(provider.calls.load(Relaxed), 1);
}

/// An order whose payment is being asked for, which takes the provider a while.
async fn asking(rules: Rules) -> (Shop, Arc<Scripted>, OrderId) {
    let script = Scripted {
        takes: Duration::from_millis(200),
        ..Scripted::default()
    };
    let (shop, provider) = shop(script, rules).await;
    shop.start();
    let order = shop.place("tok", &["A"]).await;
    until("the provider to be asked", async || {
        provider.now.load(Relaxed) == 1
    })
    .await;
    (shop, provider, order)
}

/// Nobody was called: that is no attempt, however often it happens.
#[tokio::test]
async fn a_call_that_is_deferred_counts_as_no_attempt() {
    let deferred = || {
        Step::Fail(CallError::Deferred {
            problem: "the circuit is open".into(),
            wait: Duration::from_millis(1),
        })
    };
    let script = Scripted::of((0..6).map(|_| deferred()));
    let rules = Rules {
        retries: vec![],
        ..Rules::default()
    };
    let (shop, provider) = shop(script, rules).await;
    shop.start();
    let order = shop.place("tok", &["A"]).await;
    shop.until_order(order, "OrderConfirmed").await;
    assert_eq!(
        shop.payment(order).await,
        ["PaymentAuthorizationRequested", "PaymentAuthorized"]
    );
    assert_eq!(provider.calls.load(Relaxed), 7);
}

/// Money that the provider set aside, and that our payment does not know what to do with, must not
/// be forgotten.
#[tokio::test]
async fn money_that_the_books_refuse_is_left_to_an_operator() {
    let rules = Rules {
        limits: Limits {
            payment_attempts: 1,
            ..Limits::default()
        },
        ..Rules::default()
    };
    let (shop, _, order) = asking(rules).await;
    let declined = PaymentCommand::RecordDeclined(RecordDeclined {
        attempt: 1,
        code: "somebody says so".into(),
    });
    shop.put(Command::Payment(order, declined)).await;
    until("it to be parked", async || parked(&shop).await == 1).await;
    assert_eq!(
        shop.payment(order).await,
        ["PaymentAuthorizationRequested", "PaymentDeclined"]
    );
}

/// The same command was recorded before, but of another authorization: that it was accepted then
/// says nothing of the money that is set aside now.
#[tokio::test]
async fn money_that_an_old_answer_hides_is_left_to_an_operator() {
    let (shop, _, order) = asking(Rules::default()).await;
    let events = shop.events().await;
    let asked = events
        .iter()
        .find(|event| event.event_type == "PaymentAuthorizationRequested")
        .unwrap();
    let task = CommandId::of(asked.envelope.event_id, PaymentPolicy::NAME, 0);
    let id = CommandId::of(EventId::new(task.uuid()), "authorized", 0);
    let other = PaymentCommand::RecordAuthorized(RecordAuthorized {
        attempt: 1,
        authorization_id: "other".into(),
        amount: Money::new(1_999, Currency::parse("EUR").unwrap()),
        expires_at: None,
    });
    shop.put_as(id, Command::Payment(order, other)).await;
    until("it to be parked", async || parked(&shop).await == 1).await;
    let parked = shop.storage.parked(1).await.unwrap();
    assert!(parked[0].problem.contains("books"), "{parked:?}");
}

/// The sagas' tables are lost, all of them: everything is reacted to once more, and nobody is called
/// about what has its outcome.
#[tokio::test]
async fn nobody_is_called_again_about_what_is_recorded() {
    let (mut shop, provider) = shop(Scripted::default(), Rules::default()).await;
    let stop = CancellationToken::new();
    let sagas = tokio::spawn(shop.sagas(1, stop.clone()));
    let kept = shop.place("tok", &["A"]).await;
    let given_back = shop.place("tok", &["A"]).await;
    shop.until_order(kept, "OrderConfirmed").await;
    shop.until_order(given_back, "OrderConfirmed").await;
    shop.cancel(given_back).await;
    shop.until_order(given_back, "OrderCancelled").await;
    shop.settle().await;
    stop.cancel();
    sagas.await.unwrap().unwrap();
    let (calls, events) = (provider.calls.load(Relaxed), shop.events().await.len());
    assert_eq!(calls, 4, "two orders, a void, and the last order");

    shop.storage = Arc::new(MemorySagaStore::default());
    shop.start();
    until("all to be reacted to once more", async || {
        let read_to = async |policy| {
            let checkpoint = shop.storage.take_over(policy, LEADER).await;
            checkpoint.unwrap().at.position
        };
        let backlog = shop.storage.backlog(SystemClock.now()).await.unwrap();
        let end = shop.events().await.last().unwrap().envelope.position;
        let mut at_the_end = backlog.due == 0;
        for policy in ["inventory", "payment", "order", "shipping"] {
            at_the_end &= read_to(policy).await == end;
        }
        at_the_end
    })
    .await;
    assert_eq!(shop.events().await.len(), events, "nothing new happened");
    shop.settle().await;
    assert_eq!(provider.calls.load(Relaxed), calls + 1, "the last order's");
    assert_eq!(parked(&shop).await, 0);
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
        backlog.due + backlog.parked() == 0
    })
    .await;
    assert_eq!(shop.order(order).await, ["OrderPlaced", "OrderConfirmed"]);
}

/// The provider hangs, and more calls are due than may be made at once.
#[tokio::test]
async fn orders_expire_in_time_while_the_provider_hangs() {
    let script = Scripted {
        takes: DEADLINE * 2,
        ..Scripted::default()
    };
    let rules = Rules {
        limits: Limits {
            reservation: TimeDelta::milliseconds(500),
            ..Limits::default()
        },
        concurrency: 2,
        ..Rules::default()
    };
    let (shop, provider) = shop(script, rules).await;
    shop.start();
    let mut orders = vec![];
    for _ in 0..5 {
        orders.push(shop.place("tok", &["A"]).await);
    }
    for order in orders {
        shop.until_order(order, "OrderExpired").await;
    }
    assert_eq!(provider.calls.load(Relaxed), 2, "they hang still");
    until("the calls alone to be due", async || {
        let backlog = shop.storage.backlog(SystemClock.now()).await.unwrap();
        (backlog.due, backlog.parked()) == (5, 0)
    })
    .await;
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
    for n in 1..=3 {
        voiding(&shop, n).await;
    }
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
    assert_eq!((backlog.due, backlog.parked()), (3, 0));

    shop.lane = alive;
    shop.start();
    until("the next leader", async || {
        let backlog = shop.storage.backlog(SystemClock.now()).await.unwrap();
        let voided = (1..=3).map(|n| shop.payment(order(n)));
        let voided = futures::future::join_all(voided).await;
        let is_voided = |payment: &Vec<String>| payment.last().unwrap() == "PaymentVoided";
        voided.iter().all(is_voided) && backlog.due == 0
    })
    .await;
    assert_eq!(parked(&shop).await, 0);
}
