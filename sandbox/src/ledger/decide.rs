//! The rules: what a request leads to, given the book as it stands.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    book::{Acted, Book, Progress},
    operation::{Kind, Operation, Request},
};
use crate::{
    card::{Card, DeclineCode, Verdict},
    faults::Strikes,
    value::{AuthorizationId, Currency, DisputeId},
};

/// A request with what the edge adds to it.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub key: Arc<str>,
    pub request: Request,
    pub now: DateTime<Utc>,
    /// Id of the authorization, if this makes one.
    pub new_id: AuthorizationId,
    /// Id of the dispute, if this makes one.
    pub new_dispute: DisputeId,
    /// End of the authorization, if this makes one.
    pub expires_at: DateTime<Utc>,
    /// What the fault switches do to it.
    pub strikes: Strikes,
}

/// What to do about an order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It is booked already.
    Already(Arc<Operation>),
    /// Book this.
    Book(Operation),
}

/// Why nothing is booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("this idempotency key was used for another request")]
    KeyReused,
    #[error("there is no such authorization")]
    UnknownAuthorization,
    #[error("the authorization was declined")]
    NotAuthorized,
    #[error("who pays has still to do what was asked of them")]
    ActionRequired,
    #[error("nothing is to be done for the authorization")]
    NoAction,
    #[error("it is known already what became of what was to be done")]
    ActionEnded,
    #[error("there is no such refund")]
    UnknownRefund,
    #[error("the authorization has been voided")]
    AlreadyVoided,
    #[error("nothing of the authorization has been captured")]
    NotCaptured,
    #[error("of the authorization {captured_amount} minor units have been captured")]
    AlreadyCaptured { captured_amount: u64 },
    #[error("the authorization expired at {expires_at}")]
    Expired { expires_at: DateTime<Utc> },
    #[error("the amount is above the {available} minor units that can still be captured")]
    AmountTooHigh { available: u64 },
    #[error("the amount is above the {available} minor units that can still be refunded")]
    RefundTooHigh { available: u64 },
    #[error("there is no such dispute")]
    UnknownDispute,
    #[error("the dispute has ended otherwise")]
    DisputeEnded,
    #[error("the authorization is in {authorized}")]
    CurrencyMismatch { authorized: Currency },
}

/// What an order leads to. Changes nothing.
pub(crate) fn decide(book: &Book, order: Order) -> Result<Decision, Refusal> {
    if let Some(operation) = book.booked(&order.key, &order.request)? {
        return Ok(Decision::Already(operation));
    }
    let sequence = book.next_sequence();
    let follow_up = |authorization: &Operation, kind| {
        Decision::Book(Operation {
            sequence,
            at: order.now,
            idempotency_key: Arc::clone(&order.key),
            authorization_id: authorization.authorization_id,
            reference: Arc::clone(&authorization.reference),
            currency: authorization.currency,
            kind,
        })
    };
    match order.request {
        Request::Authorize {
            reference,
            amount,
            currency,
            payment_method,
        } => {
            let verdict =
                Card::from_token(&payment_method).verdict(amount, book.attempts(&reference));
            let kind = match verdict {
                Verdict::Declined(decline_code) => Kind::Decline {
                    payment_method,
                    amount,
                    decline_code,
                },
                Verdict::Authorized(_) if order.strikes.decline => Kind::Decline {
                    payment_method,
                    amount,
                    decline_code: DeclineCode::DoNotHonor,
                },
                Verdict::Authorized(authorized)
                    if matches!(Card::from_token(&payment_method), Card::Action(_)) =>
                {
                    Kind::Action {
                        requested_amount: amount,
                        amount: match order.strikes.wrong_amount {
                            true => amount.saturating_add(1),
                            false => authorized,
                        },
                        until: until(&payment_method, order.now),
                        payment_method,
                    }
                }
                Verdict::Authorized(authorized) => Kind::Authorize {
                    payment_method,
                    requested_amount: amount,
                    amount: match order.strikes.wrong_amount {
                        true => amount.saturating_add(1),
                        false => authorized,
                    },
                    expires_at: order.expires_at,
                },
            };
            Ok(Decision::Book(Operation {
                sequence,
                at: order.now,
                idempotency_key: order.key,
                authorization_id: order.new_id,
                reference,
                currency,
                kind,
            }))
        }
        Request::Act {
            authorization_id,
            done,
        } => {
            let (authorization, progress) = book.find(authorization_id)?;
            let Kind::Action { amount, until, .. } = authorization.kind else {
                return Err(Refusal::NoAction);
            };
            // Another key for what is done already: the same answer, and nothing is booked.
            if let Some((sequence, acted)) = progress.acted {
                let same = matches!(acted, Acted::Done { .. }) == done;
                let known = book.operation(sequence).filter(|_| same);
                return known
                    .map(|known| Decision::Already(Arc::clone(known)))
                    .ok_or(Refusal::ActionEnded);
            }
            if progress.voided_by.is_some() {
                return Err(Refusal::AlreadyVoided);
            }
            if order.now >= until {
                return Err(Refusal::Expired { expires_at: until });
            }
            let kind = match done {
                true => Kind::ActionDone {
                    amount,
                    expires_at: order.expires_at,
                },
                false => Kind::ActionRefused { amount },
            };
            Ok(follow_up(authorization, kind))
        }
        Request::Capture {
            authorization_id,
            amount,
            currency,
            last,
        } => {
            let (authorization, progress) = book.find(authorization_id)?;
            let captured_amount = capture(authorization, progress, amount, currency, order.now)?;
            let declined = order.strikes.capture_decline
                || card(authorization).declines_capture(progress.capture_declines);
            let kind = match declined {
                true => Kind::CaptureDecline { amount },
                false => Kind::Capture {
                    amount,
                    captured_amount,
                    released_amount: match last {
                        true => left(authorization, progress) - amount,
                        false => 0,
                    },
                },
            };
            Ok(follow_up(authorization, kind))
        }
        Request::Refund {
            authorization_id,
            amount,
            currency,
        } => {
            let (authorization, progress) = book.find(authorization_id)?;
            let refunded_amount = refund(authorization, progress, amount, currency)?;
            let kind = match order.strikes.refund_decline {
                true => Kind::RefundDecline { amount },
                false => Kind::Refund {
                    amount,
                    captured_amount: progress.captured,
                    refunded_amount,
                },
            };
            Ok(follow_up(authorization, kind))
        }
        Request::ReverseRefund { refund_key } => {
            let refund = book.refund(&refund_key).ok_or(Refusal::UnknownRefund)?;
            let Kind::Refund { amount, .. } = refund.kind else {
                return Err(Refusal::UnknownRefund);
            };
            let (authorization, progress) = book.find(refund.authorization_id)?;
            // Another key for what is done already: the same answer, and nothing is booked.
            if let Some(sequence) = progress.reversed.get(&refund.sequence) {
                let known = book.operation(*sequence).ok_or(Refusal::UnknownRefund)?;
                return Ok(Decision::Already(Arc::clone(known)));
            }
            Ok(follow_up(
                authorization,
                Kind::RefundReversal {
                    refund_key,
                    amount,
                    captured_amount: progress.captured,
                    refunded_amount: progress.refunded - amount,
                },
            ))
        }
        Request::Void { authorization_id } => {
            let (authorization, progress) = book.find(authorization_id)?;
            // Another key for what is done already: the same answer, and nothing is booked.
            if let Some(void) = progress
                .voided_by
                .and_then(|sequence| book.operation(sequence))
            {
                return Ok(Decision::Already(Arc::clone(void)));
            }
            let amount = void(authorization, progress)?;
            Ok(follow_up(authorization, Kind::Void { amount }))
        }
        Request::Release { authorization_id } => {
            let (authorization, progress) = book.find(authorization_id)?;
            let amount = release(authorization, progress)?;
            Ok(follow_up(authorization, Kind::Release { amount }))
        }
        Request::Dispute {
            authorization_id,
            amount,
            currency,
            reason,
        } => {
            let (authorization, progress) = book.find(authorization_id)?;
            // What is given back cannot be disputed, nor what is disputed be given back.
            refund(authorization, progress, amount, currency)?;
            let dispute_id = order.new_dispute;
            Ok(follow_up(
                authorization,
                Kind::Dispute {
                    dispute_id,
                    amount,
                    reason,
                },
            ))
        }
        Request::EndDispute { dispute_id, won } => {
            let disputed = book.dispute(dispute_id)?;
            let (authorization, _) = book.find(disputed.authorization_id)?;
            match disputed.ended_by {
                None => Ok(follow_up(
                    authorization,
                    Kind::DisputeEnd {
                        dispute_id,
                        amount: disputed.amount,
                        won,
                    },
                )),
                // Another key for what is done already: the same answer, and nothing is booked.
                Some((sequence, before)) if before == won => book
                    .operation(sequence)
                    .map(|end| Decision::Already(Arc::clone(end)))
                    .ok_or(Refusal::UnknownDispute),
                Some(_) => Err(Refusal::DisputeEnded),
            }
        }
    }
}

/// The card that was authorized.
fn card(authorization: &Operation) -> Card {
    match &authorization.kind {
        Kind::Authorize { payment_method, .. } | Kind::Action { payment_method, .. } => {
            Card::from_token(payment_method)
        }
        _ => Card::Approve,
    }
}

/// Until when who pays can do what they are to do.
fn until(payment_method: &str, now: DateTime<Utc>) -> DateTime<Utc> {
    let Card::Action(time) = Card::from_token(payment_method) else {
        return now;
    };
    let time = chrono::TimeDelta::from_std(time).unwrap_or(chrono::TimeDelta::MAX);
    now.checked_add_signed(time)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// What was authorized, and until when.
fn granted(
    authorization: &Operation,
    progress: &Progress,
) -> Result<(u64, DateTime<Utc>), Refusal> {
    match (&authorization.kind, progress.acted) {
        (
            Kind::Authorize {
                amount, expires_at, ..
            },
            _,
        ) => Ok((*amount, *expires_at)),
        (Kind::Action { .. }, Some((_, Acted::Done { amount, expires_at }))) => {
            Ok((amount, expires_at))
        }
        (Kind::Action { .. }, None) => Err(Refusal::ActionRequired),
        _ => Err(Refusal::NotAuthorized),
    }
}

/// What is still set aside of an authorization.
fn left(authorization: &Operation, progress: &Progress) -> u64 {
    granted(authorization, progress).map_or(0, |(amount, _)| {
        amount - progress.captured - progress.released
    })
}

/// The sum of captures once this one is done.
fn capture(
    authorization: &Operation,
    progress: &Progress,
    amount: u64,
    currency: Currency,
    now: DateTime<Utc>,
) -> Result<u64, Refusal> {
    if progress.voided_by.is_some() {
        return Err(Refusal::AlreadyVoided);
    }
    let (authorized, expires_at) = granted(authorization, progress)?;
    if now >= expires_at {
        return Err(Refusal::Expired { expires_at });
    }
    same_currency(authorization, currency)?;
    let available = authorized - progress.captured - progress.released;
    if amount > available {
        return Err(Refusal::AmountTooHigh { available });
    }
    Ok(progress.captured + amount)
}

/// The sum of refunds once this one is done. Money can be given back however long ago it was taken.
fn refund(
    authorization: &Operation,
    progress: &Progress,
    amount: u64,
    currency: Currency,
) -> Result<u64, Refusal> {
    if progress.voided_by.is_some() {
        return Err(Refusal::AlreadyVoided);
    }
    granted(authorization, progress)?;
    if progress.captured == 0 {
        return Err(Refusal::NotCaptured);
    }
    same_currency(authorization, currency)?;
    let available = progress.captured - progress.refunded - progress.disputed;
    if amount > available {
        return Err(Refusal::RefundTooHigh { available });
    }
    Ok(progress.refunded + amount)
}

fn same_currency(authorization: &Operation, currency: Currency) -> Result<(), Refusal> {
    let authorized = authorization.currency;
    match currency == authorized {
        true => Ok(()),
        false => Err(Refusal::CurrencyMismatch { authorized }),
    }
}

/// The amount that a void releases: all of it, expired or not.
fn void(authorization: &Operation, progress: &Progress) -> Result<u64, Refusal> {
    let amount = match granted(authorization, progress) {
        Ok((amount, _)) => amount,
        // What who pays was to do is called off: nothing was set aside.
        Err(Refusal::ActionRequired) => 0,
        Err(refusal) => return Err(refusal),
    };
    if progress.captured > 0 {
        return Err(Refusal::AlreadyCaptured {
            captured_amount: progress.captured,
        });
    }
    Ok(amount)
}

/// The amount that is let go of an authorization of which no more is taken: what is left, expired or not.
fn release(authorization: &Operation, progress: &Progress) -> Result<u64, Refusal> {
    if !matches!(authorization.kind, Kind::Authorize { .. }) {
        return Err(Refusal::NotAuthorized);
    }
    if progress.voided_by.is_some() {
        return Err(Refusal::AlreadyVoided);
    }
    Ok(left(authorization, progress))
}

#[cfg(test)]
mod tests;
