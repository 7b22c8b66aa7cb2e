//! Whether all that follows from what has happened has happened, too.

use super::{History, Platform, eventually_within};
use chassis::clock::now;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    order::Status,
    policy::{Inventory, OrderPolicy, PaymentPolicy, Policy, Shipping},
    shipment::ShipmentStatus,
};
use serde_json::Value;
use sqlx::{Connection, PgConnection};
use std::time::Duration;

/// The longest that the sagas may take to work off what a test has left them.
const SAGAS_END_WITHIN: Duration = Duration::from_secs(180);

/// What the sagas have done and have to do, at one moment.
const SAGAS: &str = "
    SELECT json_build_object(
        'checkpoints', (SELECT coalesce(json_object_agg(name, position), '{}') FROM saga.checkpoint),
        'tasks',       (SELECT coalesce(json_agg(t), '[]') FROM saga.task AS t)
    )::text";

/// Waits until nothing is left to be done, and every order and payment has come to its end; answers
/// all that has happened until then. Nobody may write meanwhile but the operator, who attends to
/// what is parked: a call that never arrived is nothing that the sagas may decide about.
///
/// # Panics
/// When it does not come to that.
pub async fn at_rest(platform: &Platform) -> History {
    let database = platform.database();
    let mut history = History::read(platform).await;
    eventually_within(SAGAS_END_WITHIN, "all sagas have ended", async || {
        history.read_on().await;
        let sagas = sagas(&database).await.map_err(|error| error.to_string())?;
        // After what the sagas have to do, so that nothing is in between.
        let head = history.head_of_the_store().await;
        if waits_for_an_operator(&sagas) {
            platform.attend();
        }
        nothing_is_to_be_done(&history, &sagas, head)?;
        everything_has_ended(&history)
    })
    .await;
    history
}

async fn sagas(database: &str) -> Result<Value, sqlx::Error> {
    let mut connection = PgConnection::connect(database).await?;
    let text: String = sqlx::query_scalar(SAGAS).fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(serde_json::from_str(&text).expect("the server makes JSON"))
}

fn waits_for_an_operator(sagas: &Value) -> bool {
    let mut tasks = sagas["tasks"].as_array().into_iter().flatten();
    tasks.any(|task| !task["parked_at"].is_null())
}

/// No policy has an event before it, and no call or timer waits. A policy's commands are in the
/// store before its checkpoint passes their cause, and a call's outcome before its task is gone: so
/// with the head where the history ends, nothing is under way either.
fn nothing_is_to_be_done(history: &History, sagas: &Value, head: i64) -> Result<(), String> {
    if head != history.head() {
        return Err(format!("there is more after {}", history.head()));
    }
    let policies = [
        concerned::<Inventory>(history),
        concerned::<PaymentPolicy>(history),
        concerned::<OrderPolicy>(history),
        concerned::<Shipping>(history),
    ];
    for (policy, last) in policies {
        let at = sagas["checkpoints"][policy].as_i64().unwrap_or_default();
        if at < last {
            return Err(format!("policy {policy} is at {at}, before {last}"));
        }
    }
    let tasks = sagas["tasks"].as_array().into_iter().flatten();
    let to_be_done: Vec<_> = tasks.filter(|task| !is_for_later(task)).collect();
    match to_be_done.is_empty() {
        true => Ok(()),
        false => Err(format!("to be done: {to_be_done:#?}")),
    }
}

/// An order that nobody packs has its authorization made anew before that ends: in days.
fn is_for_later(task: &Value) -> bool {
    let due = task["due_at"].as_str().unwrap_or_default();
    let due = DateTime::parse_from_rfc3339(due).map(|due| due.with_timezone(&Utc));
    let is_far = due.is_ok_and(|due| due > now() + TimeDelta::hours(1));
    task["name"] == "authorization" && task["parked_at"].is_null() && is_far
}

/// A policy's name, and the position of the last event that concerns it: its checkpoint may stay
/// behind others.
fn concerned<P: Policy>(history: &History) -> (&'static str, i64) {
    let mut events = history.events.iter().rev();
    let last = events.find(|event| P::key(event).is_some());
    let position = last.map_or(0, |event| event.envelope.position.get());
    (P::NAME, position)
}

fn everything_has_ended(history: &History) -> Result<(), String> {
    let orders = history.orders();
    let open = orders
        .iter()
        .find(|(_, (_, order))| matches!(order.status, Status::Placed | Status::Cancelling));
    if let Some((id, (_, order))) = open {
        let told = about(history, id);
        return Err(format!(
            "order {id} is {}: {told:#?}",
            order.status.as_str()
        ));
    }
    match history.payments_under_way() {
        waiting if waiting.is_empty() => {}
        waiting => return Err(format!("payments: {waiting:?}")),
    }
    let shipments = history.shipments();
    let under_way = shipments.iter().find(|parcel| {
        parcel.status.is_under_way() || parcel.status == ShipmentStatus::Dispatching
    });
    match under_way {
        None => Ok(()),
        Some(parcel) => Err(format!("a shipment is under way: {parcel:?}")),
    }
}

/// What has happened to an order, in short.
fn about(history: &History, order_id: &str) -> Vec<String> {
    let events = history.events.iter();
    events
        .filter(|recorded| {
            let stream = recorded.envelope.stream.as_str();
            stream.contains(order_id) || recorded.envelope.correlation_id.to_string() == order_id
        })
        .map(|recorded| {
            format!(
                "{} {} {} by {}",
                recorded.envelope.recorded_at,
                recorded.envelope.stream,
                recorded.event.event_type(),
                recorded.envelope.actor
            )
        })
        .collect()
}
