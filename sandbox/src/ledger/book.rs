//! What is booked and the ways to find it: what a booking changes. No clock, no lock, no file.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{
    decide::Refusal,
    operation::{Kind, Operation, Request},
    references::References,
    summary::{Counts, ReferenceSummary, RefundedReference, RepeatedReference, Summary, Totals},
};
use chrono::{DateTime, Utc};

use crate::{
    kept::Kept,
    value::{AuthorizationId, Currency, DisputeId},
};

/// References that a summary lists by name.
const LISTED_REFERENCES: usize = 100;

/// An authorization as it stands.
#[derive(Debug, Clone)]
pub(crate) struct Authorization {
    /// The authorization or the decline.
    pub operation: Arc<Operation>,
    pub captured: u64,
    pub refunded: u64,
    pub voided: bool,
    /// What became of what who pays was to do, if anything was to be done.
    pub acted: Option<Acted>,
}

/// What became of what who pays was to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acted {
    /// It is done: so much is authorized, until then.
    Done {
        amount: u64,
        expires_at: DateTime<Utc>,
    },
    Refused,
}

/// What became of an authorization since it was booked.
#[derive(Debug)]
pub(super) struct Progress {
    sequence: u64,
    pub captured: u64,
    /// What was let go with the last capture.
    pub released: u64,
    pub capture_declines: u32,
    pub refunded: u64,
    refunds: u32,
    /// What cardholders want back, or have got.
    pub disputed: u64,
    disputes: Vec<DisputeId>,
    pub voided_by: Option<u64>,
    /// By which operation it is known what became of what who pays was to do, and what did.
    pub acted: Option<(u64, Acted)>,
    /// By which operations refunds have come back, by the sequence of the refund.
    pub reversed: BTreeMap<u64, u64>,
}

/// What a cardholder wants back.
#[derive(Debug)]
pub(super) struct Disputed {
    pub authorization_id: AuthorizationId,
    pub amount: u64,
    /// By which operation it has ended, and whether the merchant won.
    pub ended_by: Option<(u64, bool)>,
}

/// The operations that are kept, and the ways to find them.
#[derive(Debug)]
pub(crate) struct Book {
    operations: Kept<Operation>,
    by_key: HashMap<Arc<str>, u64>,
    by_id: HashMap<AuthorizationId, Progress>,
    disputes: HashMap<DisputeId, Disputed>,
    references: References,
    currencies: BTreeMap<Currency, Totals>,
    counts: Counts,
}

impl Book {
    /// An empty book that keeps the newest `limit` operations, at least one.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            operations: Kept::new(limit),
            by_key: HashMap::new(),
            by_id: HashMap::new(),
            disputes: HashMap::new(),
            references: References::default(),
            currencies: BTreeMap::new(),
            counts: Counts::default(),
        }
    }

    pub(crate) fn next_sequence(&self) -> u64 {
        self.operations.next_sequence()
    }

    /// How many authorizations and declines are booked for a reference.
    pub(super) fn attempts(&self, reference: &str) -> usize {
        self.references
            .get(reference)
            .map_or(0, |known| known.sequences.len())
    }

    /// The operation that this key has booked.
    pub(crate) fn booked(
        &self,
        key: &str,
        request: &Request,
    ) -> Result<Option<Arc<Operation>>, Refusal> {
        match self
            .by_key
            .get(key)
            .and_then(|sequence| self.operation(*sequence))
        {
            None => Ok(None),
            Some(operation) if operation.answers(request) => Ok(Some(Arc::clone(operation))),
            Some(_) => Err(Refusal::KeyReused),
        }
    }

    /// Books what [`decide`](super::decide::decide) decided, or what the journal tells.
    pub(crate) fn apply(&mut self, operation: Operation) -> Arc<Operation> {
        let operation = Arc::new(operation);
        let sequence = operation.sequence;
        self.count(&operation);
        match operation.kind {
            Kind::Authorize { .. } | Kind::Action { .. } | Kind::Decline { .. } => {
                let granted = u32::from(matches!(operation.kind, Kind::Authorize { .. }));
                self.by_id.insert(
                    operation.authorization_id,
                    Progress {
                        sequence,
                        captured: 0,
                        released: 0,
                        capture_declines: 0,
                        refunded: 0,
                        refunds: 0,
                        disputed: 0,
                        disputes: Vec::new(),
                        voided_by: None,
                        acted: None,
                        reversed: BTreeMap::new(),
                    },
                );
                self.references.change(&operation.reference, |attempts| {
                    attempts.sequences.push(sequence);
                    attempts.authorized += granted;
                    attempts.live += granted;
                });
            }
            Kind::Capture {
                captured_amount,
                released_amount,
                ..
            } => {
                if let Some(progress) = self.by_id.get_mut(&operation.authorization_id) {
                    progress.captured = captured_amount;
                    progress.released += released_amount;
                }
            }
            Kind::Release { amount } => {
                if let Some(progress) = self.by_id.get_mut(&operation.authorization_id) {
                    progress.released += amount;
                }
            }
            Kind::ActionDone { amount, expires_at } => {
                if let Some(progress) = self.by_id.get_mut(&operation.authorization_id) {
                    progress.acted = Some((sequence, Acted::Done { amount, expires_at }));
                    self.references.change(&operation.reference, |attempts| {
                        attempts.authorized += 1;
                        attempts.live += 1;
                    });
                }
            }
            Kind::ActionRefused { .. } => {
                if let Some(progress) = self.by_id.get_mut(&operation.authorization_id) {
                    progress.acted = Some((sequence, Acted::Refused));
                }
            }
            Kind::RefundDecline { .. } => {}
            Kind::RefundReversal {
                ref refund_key,
                amount,
                refunded_amount,
                ..
            } => {
                let refund = self.by_key.get(refund_key).copied();
                if let Some(progress) = self.by_id.get_mut(&operation.authorization_id) {
                    progress.refunded = refunded_amount;
                    progress.refunds -= 1;
                    if let Some(refund) = refund {
                        progress.reversed.insert(refund, sequence);
                    }
                    self.references.change(&operation.reference, |attempts| {
                        attempts.refunds -= 1;
                        if let Some(refunded) = attempts.refunded.get_mut(&operation.currency) {
                            *refunded -= u128::from(amount);
                        }
                        attempts.refunded.retain(|_, refunded| *refunded > 0);
                    });
                }
            }
            Kind::CaptureDecline { .. } => {
                if let Some(progress) = self.by_id.get_mut(&operation.authorization_id) {
                    progress.capture_declines += 1;
                }
            }
            Kind::Refund {
                amount,
                refunded_amount,
                ..
            } => {
                if let Some(progress) = self.by_id.get_mut(&operation.authorization_id) {
                    progress.refunded = refunded_amount;
                    progress.refunds += 1;
                    self.references.change(&operation.reference, |attempts| {
                        attempts.refunds += 1;
                        *attempts.refunded.entry(operation.currency).or_default() +=
                            u128::from(amount);
                    });
                }
            }
            Kind::Void { amount } => {
                if let Some(progress) = self.by_id.get_mut(&operation.authorization_id) {
                    progress.voided_by = Some(sequence);
                    // Nothing was set aside, where nobody had done yet what was to be done.
                    let live = u32::from(amount > 0);
                    self.references
                        .change(&operation.reference, |attempts| attempts.live -= live);
                }
            }
            Kind::Dispute {
                dispute_id, amount, ..
            } => {
                let authorization_id = operation.authorization_id;
                if let Some(progress) = self.by_id.get_mut(&authorization_id) {
                    progress.disputed += amount;
                    progress.disputes.push(dispute_id);
                    let disputed = Disputed {
                        authorization_id,
                        amount,
                        ended_by: None,
                    };
                    self.disputes.insert(dispute_id, disputed);
                }
            }
            Kind::DisputeEnd {
                dispute_id,
                amount,
                won,
            } => {
                if let Some(disputed) = self.disputes.get_mut(&dispute_id) {
                    disputed.ended_by = Some((sequence, won));
                    if let (true, Some(progress)) =
                        (won, self.by_id.get_mut(&operation.authorization_id))
                    {
                        progress.disputed -= amount;
                    }
                }
            }
        }
        self.by_key
            .insert(Arc::clone(&operation.idempotency_key), sequence);
        self.operations.push(Arc::clone(&operation));
        while let Some(oldest) = self.operations.pop_superfluous() {
            self.forget(&oldest);
        }
        operation
    }

    /// The authorization with this id.
    pub(crate) fn authorization(&self, id: AuthorizationId) -> Result<Authorization, Refusal> {
        let (operation, progress) = self.find(id)?;
        Ok(Authorization {
            operation: Arc::clone(operation),
            captured: progress.captured,
            refunded: progress.refunded,
            voided: progress.voided_by.is_some(),
            acted: progress.acted.map(|(_, acted)| acted),
        })
    }

    /// The authorization that the operation with this key made or acted on.
    pub(crate) fn authorization_by_key(&self, key: &str) -> Result<Authorization, Refusal> {
        self.by_key
            .get(key)
            .and_then(|sequence| self.operation(*sequence))
            .ok_or(Refusal::UnknownAuthorization)
            .and_then(|operation| self.authorization(operation.authorization_id))
    }

    /// The newest `limit` authorizations and declines of a reference, oldest first, and whether
    /// there are more.
    pub(crate) fn authorizations(
        &self,
        reference: &str,
        limit: usize,
    ) -> (Vec<Authorization>, bool) {
        let sequences = self
            .references
            .get(reference)
            .map_or(&[][..], |known| &known.sequences);
        let skipped = sequences.len().saturating_sub(limit);
        let found = sequences[skipped..]
            .iter()
            .filter_map(|sequence| self.operation(*sequence))
            .filter_map(|operation| self.authorization(operation.authorization_id).ok())
            .collect();
        (found, skipped > 0)
    }

    /// Up to `limit` kept operations after a sequence, in order.
    pub(crate) fn operations(&self, after: u64, limit: usize) -> Vec<Arc<Operation>> {
        self.operations.after(after, limit)
    }

    pub(crate) fn summary(&self) -> Summary {
        let references = &self.references;
        Summary {
            currencies: self.currencies.clone(),
            counts: self.counts,
            references: ReferenceSummary {
                count: references.len() as u64,
                by_authorizations: references.by_count().clone(),
                authorized_repeatedly: references.repeated().len() as u64,
                live_repeatedly: references.live_repeated() as u64,
                repeated: references
                    .repeated()
                    .take(LISTED_REFERENCES)
                    .map(|(reference, attempts)| RepeatedReference {
                        reference: Arc::clone(reference),
                        authorized: attempts.authorized,
                        live: attempts.live,
                    })
                    .collect(),
                refunded: references.refunded().len() as u64,
                refunds: references
                    .refunded()
                    .take(LISTED_REFERENCES)
                    .map(|(reference, attempts)| RefundedReference {
                        reference: Arc::clone(reference),
                        refunds: attempts.refunds,
                        refunded: attempts.refunded.clone(),
                    })
                    .collect(),
            },
            dropped_operations: self.operations.dropped(),
        }
    }

    pub(super) fn operation(&self, sequence: u64) -> Option<&Arc<Operation>> {
        self.operations.get(sequence)
    }

    pub(super) fn find(
        &self,
        id: AuthorizationId,
    ) -> Result<(&Arc<Operation>, &Progress), Refusal> {
        self.by_id
            .get(&id)
            .and_then(|progress| Some((self.operation(progress.sequence)?, progress)))
            .ok_or(Refusal::UnknownAuthorization)
    }

    pub(super) fn dispute(&self, id: DisputeId) -> Result<&Disputed, Refusal> {
        self.disputes.get(&id).ok_or(Refusal::UnknownDispute)
    }

    /// The refund that was made under a key.
    pub(super) fn refund(&self, key: &str) -> Option<&Arc<Operation>> {
        let operation = self.operation(*self.by_key.get(key)?)?;
        matches!(operation.kind, Kind::Refund { .. }).then_some(operation)
    }

    /// The key under which an authorization was asked for.
    pub(super) fn key_of(&self, id: AuthorizationId) -> Option<Arc<str>> {
        let (authorization, _) = self.find(id).ok()?;
        Some(Arc::clone(&authorization.idempotency_key))
    }

    fn count(&mut self, operation: &Operation) {
        let totals = self.currencies.entry(operation.currency).or_default();
        let counts = &mut self.counts;
        counts.operations += 1;
        match operation.kind {
            Kind::Authorize { amount, .. } => {
                counts.authorized += 1;
                totals.authorized += u128::from(amount);
            }
            Kind::Decline { .. } => counts.declined += 1,
            Kind::Action { .. } => counts.actions_required += 1,
            Kind::ActionDone { amount, .. } => {
                counts.authorized += 1;
                totals.authorized += u128::from(amount);
            }
            Kind::ActionRefused { .. } => counts.declined += 1,
            Kind::RefundDecline { .. } => counts.refunds_declined += 1,
            Kind::RefundReversal { amount, .. } => {
                counts.refunds_reversed += 1;
                totals.refunded -= u128::from(amount);
            }
            Kind::Capture {
                amount,
                released_amount,
                ..
            } => {
                counts.captured += 1;
                totals.captured += u128::from(amount);
                totals.voided += u128::from(released_amount);
            }
            Kind::CaptureDecline { .. } => counts.captures_declined += 1,
            Kind::Refund { amount, .. } => {
                counts.refunded += 1;
                totals.refunded += u128::from(amount);
            }
            Kind::Void { amount } => {
                counts.voided += 1;
                totals.voided += u128::from(amount);
            }
            Kind::Release { amount } => totals.voided += u128::from(amount),
            Kind::Dispute { .. } => counts.disputed += 1,
            Kind::DisputeEnd { amount, won, .. } => {
                counts.disputes_ended += 1;
                if !won {
                    totals.lost += u128::from(amount);
                }
            }
        }
    }

    /// Forgets an operation. An authorization goes with the operation that made it; its later
    /// captures and refunds stay for their own replays until their turn comes.
    fn forget(&mut self, operation: &Operation) {
        self.by_key.remove(&operation.idempotency_key);
        let is_one = matches!(
            operation.kind,
            Kind::Authorize { .. } | Kind::Action { .. } | Kind::Decline { .. }
        );
        if !is_one {
            return;
        }
        let Some(progress) = self.by_id.remove(&operation.authorization_id) else {
            return;
        };
        let granted = u32::from(match operation.kind {
            Kind::Authorize { .. } => true,
            _ => matches!(progress.acted, Some((_, Acted::Done { .. }))),
        });
        for dispute in &progress.disputes {
            self.disputes.remove(dispute);
        }
        let live = u32::from(progress.voided_by.is_none());
        self.references.change(&operation.reference, |attempts| {
            attempts
                .sequences
                .retain(|sequence| *sequence != operation.sequence);
            attempts.authorized -= granted;
            attempts.live -= granted * live;
            attempts.refunds -= progress.refunds;
            if let Some(refunded) = attempts.refunded.get_mut(&operation.currency) {
                *refunded -= u128::from(progress.refunded);
            }
            attempts.refunded.retain(|_, refunded| *refunded > 0);
        });
    }
}
