//! What follows from that an authorization ends: it is set aside anew, once; else the order is on hold,
//! and cancelled in the end.

use super::{PaymentPolicyState, key};
use crate::{
    Command, OrderId, Recorded,
    order::{OrderCommand, PlaceHold, ReleaseHold, RequestCancellation},
    payment::{
        PaymentAuthorizationExpired, PaymentAuthorized, PaymentCommand,
        PaymentReauthorizationFailed, PaymentReauthorized, RecordAuthorizationExpired,
        RequestReauthorization,
    },
    policy::{Call, Limits, Reaction, Task, Timer, TimerName, after},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// What the hold is called that is on an order whose authorization ends, or has ended.
const HOLD: &str = "authorization-expiring";

/// Why an order is on hold, and cancelled in the end.
const EXPIRED: &str = "the authorization of the payment has expired";

/// What ends so much later is not watched: no order lives as long.
const NEVER: TimeDelta = TimeDelta::days(3_650);

/// Whether the end of what is set aside is watched, and how it is paid anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ends {
    /// Nobody looks at it.
    #[default]
    Unwatched,
    /// A timer waits for it.
    Watched,
    /// A hold on the order tells of it, and a timer waits for its end.
    Held,
}

/// Watches an authorization, unless its order has ended meanwhile; `asked` is what was remembered
/// before it was known.
pub(super) fn watch(
    limits: &Limits,
    state: &mut PaymentPolicyState,
    asked: &PaymentPolicyState,
    event: &Recorded,
    authorized: &PaymentAuthorized,
) -> Option<Reaction> {
    let ends = authorized.expires_at.filter(|_| asked.amount.is_some())?;
    if ends > after(event, NEVER) {
        return None;
    }
    state.ends = Ends::Watched;
    state.payment_method.clone_from(&asked.payment_method);
    let id = &authorized.authorization_id;
    Some(ask_anew(
        limits,
        state,
        event,
        authorized.order_id,
        id,
        ends,
    ))
}

/// Has it set aside anew so long before its end.
fn ask_anew(
    limits: &Limits,
    state: &PaymentPolicyState,
    event: &Recorded,
    order_id: OrderId,
    authorization_id: &str,
    ends: DateTime<Utc>,
) -> Reaction {
    let due = ends.checked_sub_signed(limits.reauthorize);
    let command = PaymentCommand::RequestReauthorization(RequestReauthorization {
        authorization_id: authorization_id.into(),
        payment_method: state.payment_method.clone(),
        idempotency_key: key(event, order_id, "reauthorize", 1),
    });
    let now = event.envelope.recorded_at;
    at(due.map_or(now, |due| due.max(now)), order_id, command)
}

fn at(due: DateTime<Utc>, order_id: OrderId, command: PaymentCommand) -> Reaction {
    Reaction::Schedule(Timer {
        name: TimerName::Authorization,
        due,
        task: Task::Execute(Command::Payment(order_id, command)),
    })
}

/// It is set aside anew: what was set aside before is given back, and the new end is watched.
pub(super) fn anew(
    limits: &Limits,
    state: &mut PaymentPolicyState,
    event: &Recorded,
    anew: &PaymentReauthorized,
) -> Vec<Reaction> {
    let order_id = anew.order_id;
    let void = Call::Void {
        order_id,
        authorization_id: anew.former_authorization_id.clone(),
        idempotency_key: anew.void_key.clone(),
        rest: false,
    };
    let was_held = state.ends == Ends::Held;
    state.ends = Ends::Watched;
    let watch = match anew.expires_at {
        Some(ends) => ask_anew(limits, state, event, order_id, &anew.authorization_id, ends),
        None => {
            state.ends = Ends::Unwatched;
            Reaction::Unschedule(TimerName::Authorization)
        }
    };
    let release = was_held.then(|| release(order_id));
    [Reaction::Call(void), watch]
        .into_iter()
        .chain(release)
        .collect()
}

/// It is not: the order is on hold, and what is set aside ends in its time.
pub(super) fn not_anew(
    limits: &Limits,
    state: &mut PaymentPolicyState,
    event: &Recorded,
    failed: &PaymentReauthorizationFailed,
) -> Vec<Reaction> {
    if !failed.needed {
        return vec![];
    }
    let order_id = failed.order_id;
    let ends = failed
        .expires_at
        .unwrap_or(after(event, limits.reauthorize));
    let command = PaymentCommand::RecordAuthorizationExpired(RecordAuthorizationExpired {
        authorization_id: failed.authorization_id.clone(),
    });
    let ends = at(ends.max(event.envelope.recorded_at), order_id, command);
    let reason = format!("the payment cannot be authorized anew: {}", failed.code);
    hold(state, order_id, reason)
        .into_iter()
        .chain([ends])
        .collect()
}

/// It has ended: the order waits for somebody to see to it, and is cancelled in the end.
pub(super) fn over(
    limits: &Limits,
    state: &mut PaymentPolicyState,
    event: &Recorded,
    expired: &PaymentAuthorizationExpired,
) -> Vec<Reaction> {
    let order_id = expired.order_id;
    hold(state, order_id, EXPIRED.into())
        .into_iter()
        .chain([cancel_later(limits, event, order_id)])
        .collect()
}

/// The order is cancelled in the end, unless somebody sees to it.
fn cancel_later(limits: &Limits, event: &Recorded, order_id: OrderId) -> Reaction {
    let cancel = RequestCancellation {
        reason: EXPIRED.into(),
    };
    let cancel = Command::Order(order_id, OrderCommand::RequestCancellation(cancel));
    Reaction::Schedule(Timer {
        name: TimerName::Authorization,
        due: after(event, limits.hold),
        task: Task::Execute(cancel),
    })
}

/// A parcel was dropped, and others wait: if nothing could be taken as all has ended, or ends, somebody must see
/// to it still. What is being taken has called that off.
pub(super) fn goes_on(
    limits: &Limits,
    state: &PaymentPolicyState,
    event: &Recorded,
    order_id: OrderId,
) -> Option<Reaction> {
    let waits = state.ends == Ends::Held && state.parcels.is_some();
    waits.then(|| cancel_later(limits, event, order_id))
}

/// Nobody looks at the end any more of what is being taken or given back.
pub(super) fn unwatch(state: &mut PaymentPolicyState) -> Option<Reaction> {
    match state.ends {
        Ends::Unwatched => None,
        // The hold stays until it is paid.
        Ends::Held => Some(Reaction::Unschedule(TimerName::Authorization)),
        Ends::Watched => {
            state.ends = Ends::Unwatched;
            state.payment_method.clear();
            Some(Reaction::Unschedule(TimerName::Authorization))
        }
    }
}

/// What is paid does not end any more.
pub(super) fn paid(state: &mut PaymentPolicyState, order_id: OrderId) -> Vec<Reaction> {
    let held = state.ends == Ends::Held;
    state.ends = Ends::Unwatched;
    state.payment_method.clear();
    match held {
        true => vec![
            // It may be watched anew since it was asked for, as another parcel was dropped.
            Reaction::Unschedule(TimerName::Authorization),
            release(order_id),
        ],
        false => vec![],
    }
}

fn hold(state: &mut PaymentPolicyState, order_id: OrderId, reason: String) -> Option<Reaction> {
    let first = state.ends != Ends::Held;
    state.ends = Ends::Held;
    let hold = PlaceHold {
        hold: HOLD.into(),
        reason,
    };
    let command = Command::Order(order_id, OrderCommand::PlaceHold(hold));
    first.then_some(Reaction::Execute(command))
}

fn release(order_id: OrderId) -> Reaction {
    let release = OrderCommand::ReleaseHold(ReleaseHold { hold: HOLD.into() });
    Reaction::Execute(Command::Order(order_id, release))
}
