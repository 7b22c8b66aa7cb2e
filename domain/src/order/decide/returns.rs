//! What an order says to returns. It keeps count of what its customer has and what is to come back, so
//! no more comes back over all its returns than has arrived.
//!
//! These are not commands of their own: a command to a return is decided over its order as well, and
//! both are told at once.

use super::super::{
    Fulfilment, LineQuantity, LinesReturned, OrderError, Placed, ReturnDropped, ReturnOpened,
};
use crate::ReturnId;

/// The most returns that may be asked for of an order.
pub(crate) const MAX_RETURNS: usize = 1_000;
/// The most of them that may be open at once.
pub(crate) const MAX_OPEN_RETURNS: usize = 32;

/// That `lines` are to come back: no more than have arrived, and have not come back or are to.
pub(crate) fn open_return(
    order: &Placed,
    return_id: ReturnId,
    lines: &[LineQuantity],
) -> Result<ReturnOpened, OrderError> {
    let mut known = known(order);
    if known.returns_opened as usize >= MAX_RETURNS {
        return Err(OrderError::TooManyReturns { max: MAX_RETURNS });
    }
    if known.returns.len() >= MAX_OPEN_RETURNS {
        return Err(OrderError::TooManyOpenReturns {
            max: MAX_OPEN_RETURNS,
        });
    }
    for (index, wanted) in lines.iter().enumerate() {
        let progress = known.lines.get(&wanted.line).copied().unwrap_or_default();
        let returning = known.returning(wanted.line);
        let open = progress.kept().saturating_sub(returning);
        if wanted.quantity > open {
            return Err(OrderError::MoreThanDelivered {
                line: wanted.line,
                open,
                quantity: wanted.quantity,
                index,
            });
        }
    }
    known.returns.insert(return_id, lines.into());
    Ok(ReturnOpened {
        order: order.brief(),
        return_id,
        lines: lines.to_vec(),
        return_status: order.return_status_by(&known),
    })
}

/// That nothing comes back by a return, if it is one that is open.
pub(crate) fn drop_return(order: &Placed, return_id: ReturnId) -> Option<ReturnDropped> {
    let mut known = known(order);
    known.returns.contains_key(&return_id).then(|| {
        known.enter_returned(return_id, &[]);
        ReturnDropped {
            order: order.brief(),
            return_id,
            return_status: order.return_status_by(&known),
        }
    })
}

/// That `lines` have come back by a return and were accepted, if it is one that is open.
pub(crate) fn record_returned(
    order: &Placed,
    return_id: ReturnId,
    lines: Vec<LineQuantity>,
) -> Option<LinesReturned> {
    let mut known = known(order);
    known.returns.contains_key(&return_id).then(|| {
        known.enter_returned(return_id, &lines);
        LinesReturned {
            order: order.brief(),
            return_id,
            return_status: order.return_status_by(&known),
            lines,
        }
    })
}

fn known(order: &Placed) -> Fulfilment {
    order.fulfilment.as_deref().cloned().unwrap_or_default()
}
