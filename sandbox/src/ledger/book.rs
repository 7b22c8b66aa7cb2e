//! What is booked and the ways to find it: what a booking changes. No clock, no lock, no file.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use super::{
    decide::Refusal,
    operation::{Kind, Operation, Request},
    references::References,
    summary::{Counts, ReferenceSummary, RepeatedReference, Summary, Totals},
    value::{AuthorizationId, Currency},
};

/// References that a summary lists by name.
const LISTED_REFERENCES: usize = 100;

/// An authorization as it stands.
#[derive(Debug, Clone)]
pub(crate) struct Authorization {
    /// The authorization or the decline.
    pub operation: Arc<Operation>,
    pub captured: u64,
    pub voided: bool,
}

/// What became of an authorization since it was booked.
#[derive(Debug)]
pub(super) struct Progress {
    sequence: u64,
    pub captured: u64,
    pub voided_by: Option<u64>,
}

/// The operations that are kept, and the ways to find them.
#[derive(Debug)]
pub(crate) struct Book {
    operations: VecDeque<Arc<Operation>>,
    last_sequence: u64,
    limit: usize,
    by_key: HashMap<Arc<str>, u64>,
    by_id: HashMap<AuthorizationId, Progress>,
    references: References,
    currencies: BTreeMap<Currency, Totals>,
    counts: Counts,
}

impl Book {
    /// An empty book that keeps the newest `limit` operations, at least one.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            operations: VecDeque::new(),
            last_sequence: 0,
            limit: limit.max(1),
            by_key: HashMap::new(),
            by_id: HashMap::new(),
            references: References::default(),
            currencies: BTreeMap::new(),
            counts: Counts::default(),
        }
    }

    pub(crate) fn last_sequence(&self) -> u64 {
        self.last_sequence
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
            Kind::Authorize { .. } | Kind::Decline { .. } => {
                let granted = u32::from(matches!(operation.kind, Kind::Authorize { .. }));
                self.by_id.insert(
                    operation.authorization_id,
                    Progress {
                        sequence,
                        captured: 0,
                        voided_by: None,
                    },
                );
                self.references.change(&operation.reference, |attempts| {
                    attempts.sequences.push(sequence);
                    attempts.authorized += granted;
                    attempts.live += granted;
                });
            }
            Kind::Capture {
                captured_amount, ..
            } => {
                if let Some(progress) = self.by_id.get_mut(&operation.authorization_id) {
                    progress.captured = captured_amount;
                }
            }
            Kind::Void { .. } => {
                if let Some(progress) = self.by_id.get_mut(&operation.authorization_id) {
                    progress.voided_by = Some(sequence);
                    self.references
                        .change(&operation.reference, |attempts| attempts.live -= 1);
                }
            }
        }
        self.by_key
            .insert(Arc::clone(&operation.idempotency_key), sequence);
        self.last_sequence = sequence;
        self.operations.push_back(Arc::clone(&operation));
        while self.operations.len() > self.limit {
            self.drop_oldest();
        }
        operation
    }

    /// The authorization with this id.
    pub(crate) fn authorization(&self, id: AuthorizationId) -> Result<Authorization, Refusal> {
        let (operation, progress) = self.find(id)?;
        Ok(Authorization {
            operation: Arc::clone(operation),
            captured: progress.captured,
            voided: progress.voided_by.is_some(),
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
        let known = usize::try_from(after.saturating_sub(self.dropped())).unwrap_or(usize::MAX);
        let start = known.min(self.operations.len());
        let end = start.saturating_add(limit).min(self.operations.len());
        self.operations.range(start..end).cloned().collect()
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
            },
            dropped_operations: self.dropped(),
        }
    }

    /// Sequences begin at 1 and have no gaps, so the last one that was dropped says how many were.
    fn dropped(&self) -> u64 {
        self.last_sequence - self.operations.len() as u64
    }

    pub(super) fn operation(&self, sequence: u64) -> Option<&Arc<Operation>> {
        let index = sequence.checked_sub(self.dropped() + 1)?;
        self.operations.get(usize::try_from(index).ok()?)
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
            Kind::Capture { amount, .. } => {
                counts.captured += 1;
                totals.captured += u128::from(amount);
            }
            Kind::Void { amount } => {
                counts.voided += 1;
                totals.voided += u128::from(amount);
            }
        }
    }

    /// Forgets the oldest operation. An authorization goes with the operation that made it; its
    /// later captures stay for their own replays until their turn comes.
    fn drop_oldest(&mut self) {
        let Some(operation) = self.operations.pop_front() else {
            return;
        };
        self.by_key.remove(&operation.idempotency_key);
        let granted = u32::from(matches!(operation.kind, Kind::Authorize { .. }));
        if let Kind::Capture { .. } | Kind::Void { .. } = operation.kind {
            return;
        }
        let progress = self.by_id.remove(&operation.authorization_id);
        let live = u32::from(progress.is_some_and(|progress| progress.voided_by.is_none()));
        self.references.change(&operation.reference, |attempts| {
            attempts
                .sequences
                .retain(|sequence| *sequence != operation.sequence);
            attempts.authorized -= granted;
            attempts.live -= granted * live;
        });
    }
}
