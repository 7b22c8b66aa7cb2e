//! What became of an order from one moment to another.

use super::{
    FieldChange, OrderAsOf, TimelineEvent,
    changes::changes,
    get::{Got, as_it_was},
    history::{At, History, between},
};
use crate::{api::Api, parameters::refused, problem};
use chassis::Problem;
use domain::{OrderId, Recorded};
use serde::Serialize;
use serde_json::{Value, value::RawValue};
use utoipa::ToSchema;
use uuid::Uuid;

/// How many of the events between are told.
const MAX_TOLD: usize = 1_000;

/// What of an order `from` and `to` say already.
const SAID: [&str; 3] = ["version", "position", "as_of"];

/// What became of an order from one moment to another.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderDiff<'a> {
    /// The order.
    pub order_id: Uuid,
    /// From when: what happened by then is not told.
    pub from: OrderAsOf,
    /// To when: what happened by then is told.
    pub to: OrderAsOf,
    /// The fields of the order that are not what they were; `version` and `position` aside, which `from`
    /// and `to` say.
    pub changes: Vec<FieldChange>,
    /// What happened in between to the order, to its payment and to its shipments, in the order in which
    /// it happened; the first 1,000 events of it.
    pub events: Vec<TimelineEvent<'a>>,
    /// How many more there are.
    pub events_left_off: usize,
}

/// What became of the order between two moments, as `answer` makes it of that.
///
/// # Errors
/// 400: the later one is before the earlier one; 404: there is no such order, or was none then; 422: too
/// much had happened to it by then; 503: not now.
pub(crate) async fn diff<T>(
    api: &Api,
    order_id: OrderId,
    (from, to): (At, At),
    answer: impl FnOnce(OrderDiff<'_>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let before = as_it_was(api, order_id, from, Some("from")).await?;
    let until = match to {
        // Nobody has said it: it is now.
        At::End => None,
        At::Version(_) | At::Time(_) => Some("to"),
    };
    let after = as_it_was(api, order_id, to, until).await?;
    let (from, to) = (OrderAsOf::of(&before), OrderAsOf::of(&after));
    if is_backwards(&before, &after) {
        let rule = "it must not be before from";
        return Err(refused("to", "OUT_OF_ORDER", rule));
    }
    let reaches = (&before.reach, &after.reach);
    let events = between(api.reader.as_ref(), &api.tenant, order_id, reaches).await;
    let mut events = events.map_err(|error| problem::unfoldable(error, order_id))?;
    let events_left_off = events.len().saturating_sub(MAX_TOLD);
    events.truncate(MAX_TOLD);
    let data: Vec<Box<RawValue>> = events
        .iter()
        .map(|event| data(order_id, event))
        .collect::<Result<_, _>>()?;
    let (before, after) = (document(api, before).await?, document(api, after).await?);
    answer(OrderDiff {
        order_id: order_id.uuid(),
        from,
        to,
        changes: changes(before, after),
        events: events
            .iter()
            .zip(&data)
            .map(|(event, data)| TimelineEvent::of(event, data))
            .collect(),
        events_left_off,
    })
}

fn is_backwards(from: &History, to: &History) -> bool {
    match (from.reach.at, to.reach.at) {
        (At::Time(from), At::Time(to)) => to < from,
        (At::Version(from), At::Version(to)) => to < from,
        _ => to.reach.until < from.reach.until,
    }
}

/// The order as it is answered, without what is said apart.
async fn document(api: &Api, history: Box<History>) -> Result<Value, Problem> {
    let got = Got::Folded(history);
    let order = got.order(api).await?;
    let mut document = serde_json::to_value(&order).map_err(|error| unwritable(&error))?;
    if let Value::Object(fields) = &mut document {
        fields.retain(|name, _| !SAID.contains(&name.as_str()));
    }
    Ok(document)
}

/// What the event says, as JSON.
fn data(order_id: OrderId, event: &Recorded) -> Result<Box<RawValue>, Problem> {
    serde_json::from_slice(&event.event.encode()).map_err(|error| {
        tracing::error!(%order_id, %error, "an event of order {order_id} cannot be written");
        Problem::internal()
    })
}

fn unwritable(error: &serde_json::Error) -> Problem {
    tracing::error!(%error, "an order cannot be written");
    Problem::internal()
}
