//! What events change in a return.

use super::{Return, ReturnCase, ReturnEvent, ReturnStatus as S};
use crate::Location;
use std::collections::BTreeMap;

pub(super) fn evolve(state: Return, event: &ReturnEvent) -> Return {
    let mut case = match (state, event) {
        (_, ReturnEvent::ReturnRequested(event)) => {
            return Return::Requested(ReturnCase {
                order_id: event.order_id,
                return_id: event.return_id,
                lines: event.lines.as_slice().into(),
                amount: event.amount,
                reason: event.reason.clone(),
                status: S::Requested,
                location: Location::default(),
                received: BTreeMap::new(),
                receipts: Box::default(),
                inspected: None,
                refund: None,
                booked_in: false,
                refunded: false,
            });
        }
        (Return::Requested(case), _) => case,
        // Nothing can have happened to a return before it was asked for.
        (Return::Absent, _) => return Return::Absent,
    };
    match event {
        ReturnEvent::ReturnRequested(_) => {}
        ReturnEvent::ReturnApproved(event) => {
            case.status = S::Approved;
            case.location = event.location.clone();
        }
        ReturnEvent::ReturnDeclined(_) => case.status = S::Declined,
        ReturnEvent::ReturnInTransit(_) => case.status = S::InTransit,
        ReturnEvent::ReturnReceived(event) => {
            for line in &event.lines {
                let received = case.received.entry(line.line).or_default();
                *received = received.saturating_add(line.quantity);
            }
            case.receipts.insert(event.receipt_id);
            case.status = match event.all {
                true => S::Received,
                false => S::PartiallyReceived,
            };
        }
        ReturnEvent::ReturnInspected(event) => {
            case.status = S::Inspected;
            case.inspected = Some(event.lines.as_slice().into());
            case.refund = Some(event.refund);
            // Where there is nothing to book in, or to give back, that is done.
            case.booked_in = event.skus.is_empty();
            case.refunded = event.refund.amount == 0;
        }
        ReturnEvent::ReturnBookedIn(_) => case.booked_in = true,
        ReturnEvent::ReturnRefunded(_) => case.refunded = true,
        ReturnEvent::ReturnClosed(_) => case.status = S::Closed,
        ReturnEvent::ReturnCancelled(_) => case.status = S::Cancelled,
    }
    Return::Requested(case)
}
