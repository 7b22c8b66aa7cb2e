//! One row per return: where it is, what has come of it, and what that was like.

use crate::{
    projection::{FoldError, Projection, add},
    row::{Json, row},
};
use chrono::{DateTime, Utc};
use domain::{
    Category, Currency, Envelope, Event, Location, OrderId, Recorded, ReturnId, StreamId, TenantId,
    returns::{InspectedLine, ReturnEvent, ReturnLine, ReturnRequested, ReturnStatus},
};
use std::collections::BTreeMap;

row! {
    /// A return.
    ReturnSummaryRow in "return_summary" by
    /// Which return.
    ReturnSummaryKey
    key {
        /// The shop.
        tenant: TenantId,
        /// The return.
        return_id: ReturnId,
    }
    state {
        /// The order.
        order_id: OrderId,
        /// Where to; none before it may be sent.
        location: Option<Location>,
        /// Where it is.
        status: ReturnStatus,
        /// What all of it is worth, in minor units.
        amount: i64,
        /// What is to be given back for it, once it was looked at.
        refund: Option<i64>,
        /// The currency of both.
        currency: Currency,
        /// Why, as the customer says.
        reason: String,
        /// Why it was declined or cancelled.
        problem: Option<String>,
        /// What the carrier calls it.
        tracking_number: Option<String>,
        /// How many of each line have come.
        received: Json<BTreeMap<u32, i64>>,
        /// What that is like which has come.
        inspected: Option<Json<Vec<InspectedLine>>>,
        /// When it was asked for.
        requested_at: DateTime<Utc>,
        /// When the last of it came.
        received_at: Option<DateTime<Utc>>,
        /// When it was looked at.
        inspected_at: Option<DateTime<Utc>>,
        /// When what was accepted was paid back.
        refunded_at: Option<DateTime<Utc>>,
        /// When nothing of it was to come any more.
        ended_at: Option<DateTime<Utc>>,
        /// The version of its stream.
        version: i64,
        /// The position of its last event.
        position: i64,
        /// When that was recorded.
        updated_at: DateTime<Utc>,
    }
    once {
        /// What is to come back.
        lines: Option<Json<Vec<ReturnLine>>>,
    }
}

/// Returns.
pub struct ReturnSummary;

impl Projection for ReturnSummary {
    const NAME: &'static str = "return_summary";
    const VERSION: i32 = 2;
    type Row = ReturnSummaryRow;

    fn types() -> Vec<&'static str> {
        ReturnEvent::TYPES.to_vec()
    }

    fn key(event: &Recorded) -> Option<ReturnSummaryKey> {
        let Event::Return(returned) = &event.event else {
            return None;
        };
        Some(ReturnSummaryKey {
            tenant: event.envelope.tenant.clone(),
            return_id: super::order_and_return(returned).1,
        })
    }

    fn key_of_stream(tenant: &TenantId, stream: &StreamId) -> Option<ReturnSummaryKey> {
        let return_id = match stream.category() {
            Category::Return => stream.key().parse().ok()?,
            _ => return None,
        };
        Some(ReturnSummaryKey {
            tenant: tenant.clone(),
            return_id,
        })
    }

    fn leave_out(
        row: Option<ReturnSummaryRow>,
        _: ReturnSummaryKey,
        envelope: &Envelope,
    ) -> Option<ReturnSummaryRow> {
        row.map(|row| ReturnSummaryRow {
            version: envelope.version.get(),
            ..row
        })
    }

    fn begins(event: &Recorded) -> bool {
        matches!(event.event, Event::Return(ReturnEvent::ReturnRequested(_)))
    }

    fn apply(
        row: Option<ReturnSummaryRow>,
        event: &Recorded,
    ) -> Result<Option<ReturnSummaryRow>, FoldError> {
        let Event::Return(returned) = &event.event else {
            return Ok(row);
        };
        let mut row = match (returned, row) {
            (ReturnEvent::ReturnRequested(requested), None) => begin(event, requested),
            (ReturnEvent::ReturnRequested(_), Some(_)) => {
                return Err(FoldError::new("the return was asked for before"));
            }
            (_, row) => crate::projection::known(row)?,
        };
        if row.version + 1 != event.envelope.version.get() {
            return Err(FoldError::new(format!(
                "it follows on version {} of the stream, and the row is of version {}",
                event.envelope.version.get() - 1,
                row.version
            )));
        }
        change(&mut row, returned, event.envelope.recorded_at)?;
        row.version = event.envelope.version.get();
        row.position = event.envelope.position.get();
        row.updated_at = event.envelope.recorded_at;
        Ok(Some(row))
    }
}

fn begin(event: &Recorded, requested: &ReturnRequested) -> ReturnSummaryRow {
    ReturnSummaryRow {
        tenant: event.envelope.tenant.clone(),
        return_id: requested.return_id,
        order_id: requested.order_id,
        location: None,
        status: ReturnStatus::Requested,
        amount: requested.amount.amount,
        refund: None,
        currency: requested.amount.currency,
        reason: requested.reason.clone(),
        problem: None,
        tracking_number: None,
        received: Json(BTreeMap::new()),
        inspected: None,
        requested_at: event.envelope.recorded_at,
        received_at: None,
        inspected_at: None,
        refunded_at: None,
        ended_at: None,
        version: 0,
        position: 0,
        updated_at: event.envelope.recorded_at,
        lines: Some(Json(requested.lines.clone())),
    }
}

fn change(
    row: &mut ReturnSummaryRow,
    event: &ReturnEvent,
    at: DateTime<Utc>,
) -> Result<(), FoldError> {
    use ReturnStatus as S;
    match event {
        ReturnEvent::ReturnRequested(_) | ReturnEvent::ReturnBookedIn(_) => {}
        ReturnEvent::ReturnApproved(event) => {
            row.status = S::Approved;
            row.location = Some(event.location.clone());
        }
        ReturnEvent::ReturnDeclined(event) => {
            row.status = S::Declined;
            row.problem = Some(event.reason.clone());
            row.ended_at = Some(at);
        }
        ReturnEvent::ReturnInTransit(event) => {
            row.status = S::InTransit;
            row.tracking_number.clone_from(&event.tracking_number);
        }
        ReturnEvent::ReturnReceived(event) => {
            row.status = match event.all {
                true => S::Received,
                false => S::PartiallyReceived,
            };
            row.received_at = Some(at);
            for line in &event.lines {
                add(row.received.0.entry(line.line).or_default(), line.quantity)?;
            }
        }
        ReturnEvent::ReturnInspected(event) => {
            row.status = S::Inspected;
            row.inspected_at = Some(at);
            row.inspected = Some(Json(event.lines.clone()));
            row.refund = Some(event.refund.amount);
        }
        ReturnEvent::ReturnRefunded(_) => row.refunded_at = Some(at),
        ReturnEvent::ReturnClosed(_) => {
            row.status = S::Closed;
            row.ended_at = Some(at);
        }
        ReturnEvent::ReturnCancelled(event) => {
            row.status = S::Cancelled;
            row.problem = Some(event.reason.clone());
            row.ended_at = Some(at);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
