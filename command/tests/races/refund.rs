//! Money is given back once for each reason and each return, by whomever, and however often, that is asked
//! for, answered and told; and never more than was taken.

use crate::stage::{self, RACES, SECRET, Stage, order};
use axum::{body::Body, http::Request};
use domain::{
    Command, Currency, Money, OrderId, ReturnId, ShipmentId, State, StreamId, TenantId,
    payment::{
        Payment, PaymentCommand, RecordAuthorized, RecordCaptured, RecordRefunded, RefundReturn,
        RequestAuthorization, RequestCapture, RequestRefund,
    },
};
use futures::future::join4;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use store::{Clock, SystemClock, lane::Outcome};
use uuid::Uuid;

const PATH: &str = "/v1/providers/payments/webhooks";
const TAKEN: i64 = 1_999;
/// What is given back of that twice would fit.
const PART: i64 = 500;

fn eur(amount: i64) -> Money {
    Money::new(amount, Currency::parse("EUR").unwrap())
}

fn key(order: OrderId, what: &str) -> String {
    format!("main:{order}:{what}")
}

fn shipment() -> ShipmentId {
    ShipmentId::new(Uuid::from_u128(7))
}

impl Stage {
    /// Of the two processes that run policies and calls, one.
    async fn ask(&self, process: usize, order: OrderId, command: PaymentCommand) -> Outcome {
        let command = Command::Payment(order, command);
        self.put_by(process, command).await
    }

    /// Has what an order costs taken.
    async fn taken(&self, order: OrderId) {
        for command in [
            PaymentCommand::RequestAuthorization(RequestAuthorization {
                order_id: order,
                amount: eur(TAKEN),
                payment_method: "tok_approve".into(),
                attempt: 1,
                max_attempts: 3,
                idempotency_key: key(order, "authorize:1"),
            }),
            PaymentCommand::RecordAuthorized(RecordAuthorized {
                attempt: 1,
                authorization_id: format!("auth-{order}"),
                amount: eur(TAKEN),
                expires_at: None,
            }),
            PaymentCommand::RequestCapture(RequestCapture {
                order_id: order,
                shipment_id: shipment(),
                amount: eur(TAKEN),
                attempt: 1,
                max_attempts: 1,
                idempotency_key: key(order, "capture:1"),
                more: false,
            }),
            PaymentCommand::RecordCaptured(RecordCaptured {
                authorization_id: format!("auth-{order}"),
                shipment_id: Some(shipment()),
                attempt: 1,
                amount: eur(TAKEN),
            }),
        ] {
            let outcome = self.ask(0, order, command).await;
            assert!(matches!(outcome, Outcome::Accepted), "{outcome:?}");
        }
    }

    async fn paid(&self, order: OrderId) -> Payment {
        match self.state(&payment(order)).await {
            State::Payment(payment) => payment,
            other => panic!("{order} is {other:?}"),
        }
    }

    /// How often something of that type has happened to a payment.
    async fn times(&self, order: OrderId, event_type: &str) -> usize {
        let history = self.history(&payment(order)).await;
        history
            .iter()
            .filter(|event| **event == *event_type)
            .count()
    }
}

fn payment(order: OrderId) -> StreamId {
    StreamId::payment(&TenantId::default(), order)
}

/// What is given back, or to be.
fn reclaimed(payment: &Payment) -> i64 {
    assert!(payment.deferred_refunds.is_empty());
    let refunds = payment.refunds.values();
    refunds.map(|refund| refund.amount.amount).sum()
}

fn told(order: OrderId, n: u64, refund: &str, amount: i64) -> Request<Body> {
    let body: Value = json!({
        "type": "refund.refunded",
        "data": {
            "idempotency_key": key(order, refund),
            "authorization_id": format!("auth-{order}"),
            "amount": amount,
            "currency": "EUR",
        },
    });
    let (id, now) = (format!("evt_{n}_{refund}"), SystemClock.now());
    stage::signed(PATH, SECRET, &id, now, &body)
}

/// The same is wanted by two processes, which have both forgotten that it was; what has come of it is told
/// and answered by both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wanted_back_twice_is_given_back_once() {
    let stage = Stage::new();
    for n in 0..RACES {
        let order = order(n);
        stage.taken(order).await;
        let want = |refund: &str| {
            PaymentCommand::RequestRefund(RequestRefund {
                order_id: order,
                shipment_id: shipment(),
                amount: eur(PART),
                idempotency_key: key(order, refund),
                reason: "it was lost".into(),
            })
        };
        // Had both been asked for, they would be two.
        let (first, second) = ("refund:1", "refund:2");
        let _ = futures::future::join(
            stage.ask(0, order, want(first)),
            stage.ask(1, order, want(second)),
        )
        .await;
        assert_eq!(stage.times(order, "PaymentRefundRequested").await, 1);
        let asked = stage.paid(order).await;
        let asked = asked.refunds.get(&1).cloned().unwrap();
        let key = [first, second].into_iter();
        let mut key = key.filter(|name| asked.idempotency_key.ends_with(*name));
        let key = key.next().unwrap();
        let done = || {
            PaymentCommand::RecordRefunded(RecordRefunded {
                authorization_id: format!("auth-{order}"),
                refund: 1,
                amount: eur(PART),
            })
        };
        let _ = join4(
            stage.ask(0, order, done()),
            stage.send(told(order, n, key, PART)),
            stage.ask(1, order, done()),
            stage.send(told(order, n, key, PART)),
        )
        .await;
        assert_eq!(stage.times(order, "PaymentRefunded").await, 1, "race {n}");
        assert_eq!(stage.paid(order).await.refunded(), PART);
    }
}

/// Three that want money back, two of them twice, want more together than was taken: what is given back is
/// never more, whoever comes first, and to each of them once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_is_given_back_than_was_taken() {
    let stage = Stage::new();
    let mut won = [0; 2];
    for n in 0..RACES {
        let order = order(n);
        stage.taken(order).await;
        let of_return = |id: u128| {
            PaymentCommand::RefundReturn(RefundReturn {
                order_id: order,
                return_id: ReturnId::new(Uuid::from_u128(id)),
                amount: eur(900),
                idempotency_key: key(order, &format!("return:{id}")),
            })
        };
        let of_shipment = || {
            PaymentCommand::RequestRefund(RequestRefund {
                order_id: order,
                shipment_id: shipment(),
                amount: eur(600),
                idempotency_key: key(order, "refund:1"),
                reason: "it was lost".into(),
            })
        };
        let (a, b) = (n as usize % 2, (n as usize + 1) % 2);
        let _ = futures::join!(
            stage.ask(a, order, of_return(1)),
            stage.ask(b, order, of_shipment()),
            stage.ask(b, order, of_return(1)),
            stage.ask(a, order, of_shipment()),
            stage.ask(a, order, of_return(2)),
        );
        let paid = stage.paid(order).await;
        assert!(reclaimed(&paid) <= TAKEN, "race {n}: {paid:?}");
        let wanted: Vec<_> = paid
            .refunds
            .values()
            .map(|refund| refund.return_id)
            .collect();
        let once: BTreeSet<_> = wanted.iter().collect();
        assert_eq!(once.len(), wanted.len(), "race {n}: {paid:?}");
        let first = paid.refunds.get(&1).unwrap();
        won[usize::from(first.shipment_id.is_some())] += 1;
        for (number, refund) in paid.refunds {
            let done = |amount: i64| {
                PaymentCommand::RecordRefunded(RecordRefunded {
                    authorization_id: format!("auth-{order}"),
                    refund: number,
                    amount: eur(amount),
                })
            };
            let amount = refund.amount.amount;
            let _ = futures::future::join(
                stage.ask(0, order, done(amount)),
                stage.ask(1, order, done(amount)),
            )
            .await;
        }
        let paid = stage.paid(order).await;
        assert_eq!(paid.refunded(), reclaimed(&paid), "race {n}: {paid:?}");
    }
    assert!(
        won.iter().all(|times| *times >= 10),
        "it is no race: {won:?}"
    );
}
