//! What is booked, the ways to find it, and where every shipment is: what a booking and time change.
//! No clock, no lock, no file.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use super::{
    Refusal,
    entry::{CarrierEntry, CarrierEntryKind as Kind, ShipRequest},
    references::References,
    summary::{CarrierCounts, CarrierSummary, LabelSummary, RepeatedLabels, StatusCounts},
    way::ShipmentStatus,
};
use crate::{kept::Kept, value::TrackingNumber};

/// References that a summary lists by name.
const LISTED_REFERENCES: usize = 100;

/// A shipment as it stands.
#[derive(Debug, Clone)]
pub(crate) struct Shipment {
    /// The label.
    pub label: Arc<CarrierEntry>,
    pub status: ShipmentStatus,
    /// Since when it is there.
    pub since: DateTime<Utc>,
}

/// Where a shipment is, and when it goes on.
#[derive(Debug)]
struct Progress {
    /// Of the label.
    sequence: u64,
    status: ShipmentStatus,
    since: DateTime<Utc>,
    next: Option<(DateTime<Utc>, ShipmentStatus)>,
}

/// What has become of a shipment by itself.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub tracking_number: TrackingNumber,
    pub reference: Arc<str>,
    pub at: DateTime<Utc>,
    pub status: ShipmentStatus,
}

/// The entries that are kept, and the ways to find them.
#[derive(Debug)]
pub(super) struct Book {
    entries: Kept<CarrierEntry>,
    by_key: HashMap<Arc<str>, u64>,
    by_number: HashMap<TrackingNumber, Progress>,
    /// When which label's shipment goes on.
    due: BTreeSet<(DateTime<Utc>, u64)>,
    references: References,
    counts: CarrierCounts,
    statuses: StatusCounts,
}

impl Book {
    /// An empty book that keeps the newest `limit` entries, at least one.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            entries: Kept::new(limit),
            by_key: HashMap::new(),
            by_number: HashMap::new(),
            due: BTreeSet::new(),
            references: References::default(),
            counts: CarrierCounts::default(),
            statuses: StatusCounts::default(),
        }
    }

    pub(super) fn next_sequence(&self) -> u64 {
        self.entries.next_sequence()
    }

    /// How often shipments of this reference were refused.
    pub(super) fn refusals(&self, reference: &str) -> u32 {
        let known = self.references.get(reference);
        known.map_or(0, |known| known.refusals)
    }

    /// The label or refusal that this key has booked.
    pub(super) fn booked(
        &self,
        key: &str,
        request: &ShipRequest,
    ) -> Result<Option<Arc<CarrierEntry>>, Refusal> {
        match self.by_key(key) {
            None => Ok(None),
            Some(entry) if entry.answers(request) => Ok(Some(Arc::clone(entry))),
            Some(_) => Err(Refusal::KeyReused),
        }
    }

    fn by_key(&self, key: &str) -> Option<&Arc<CarrierEntry>> {
        let sequence = self.by_key.get(key)?;
        self.entries.get(*sequence)
    }

    /// Books what was decided, what has come to its end, or what the journal tells.
    pub(super) fn apply(&mut self, entry: CarrierEntry) -> Arc<CarrierEntry> {
        let entry = Arc::new(entry);
        let sequence = entry.sequence;
        self.counts.entries += 1;
        match &entry.kind {
            Kind::Label {
                tracking_number,
                way,
                ..
            } => {
                self.counts.labels += 1;
                let status = ShipmentStatus::Accepted;
                *self.statuses.of(status) += 1;
                let next = way.next(entry.at, status);
                self.due.extend(next.map(|(at, _)| (at, sequence)));
                let progress = Progress {
                    sequence,
                    status,
                    since: entry.at,
                    next,
                };
                self.by_number.insert(*tracking_number, progress);
                self.references
                    .change(&entry.reference, |known| known.labels.push(sequence));
            }
            Kind::Refusal { .. } => {
                self.counts.refused += 1;
                self.references
                    .change(&entry.reference, |known| known.refusals += 1);
            }
            Kind::End {
                tracking_number,
                status,
            } => {
                self.counts.ended += 1;
                self.put(*tracking_number, *status, entry.at);
            }
            Kind::Set {
                tracking_number,
                status,
            } => {
                self.counts.set += 1;
                self.put(*tracking_number, *status, entry.at);
            }
        }
        if let Some(asked) = entry.asked() {
            self.by_key
                .insert(Arc::clone(&asked.idempotency_key), sequence);
        }
        self.entries.push(Arc::clone(&entry));
        while let Some(oldest) = self.entries.pop_superfluous() {
            self.forget(&oldest);
        }
        entry
    }

    /// The first step that was due by now.
    pub(super) fn due(&self, now: DateTime<Utc>) -> Option<Step> {
        let (at, sequence) = self.due.first().filter(|(at, _)| *at <= now)?;
        let label = self.entries.get(*sequence)?;
        let Kind::Label {
            tracking_number, ..
        } = label.kind
        else {
            return None;
        };
        let (_, status) = self.by_number.get(&tracking_number)?.next?;
        Some(Step {
            tracking_number,
            reference: Arc::clone(&label.reference),
            at: *at,
            status,
        })
    }

    /// When something is due next.
    pub(super) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.due.first().map(|(at, _)| *at)
    }

    /// A shipment goes on, not yet to its end.
    pub(super) fn go_on(&mut self, step: &Step) {
        self.put(step.tracking_number, step.status, step.at);
        let Some(progress) = self.by_number.get_mut(&step.tracking_number) else {
            return;
        };
        let label = self.entries.get(progress.sequence);
        if let Some(Kind::Label { way, .. }) = label.map(|label| &label.kind)
            && let Some(label) = label
        {
            progress.next = way.next(label.at, step.status);
            let next = progress.next.map(|(at, _)| (at, progress.sequence));
            self.due.extend(next);
        }
    }

    /// A shipment is there now, and does not go on.
    fn put(&mut self, number: TrackingNumber, status: ShipmentStatus, since: DateTime<Utc>) {
        let Some(progress) = self.by_number.get_mut(&number) else {
            return;
        };
        if let Some((at, _)) = progress.next.take() {
            self.due.remove(&(at, progress.sequence));
        }
        *self.statuses.of(progress.status) -= 1;
        *self.statuses.of(status) += 1;
        progress.status = status;
        progress.since = since;
    }

    /// Whether a shipment is there, and stays.
    pub(super) fn rests(&self, number: TrackingNumber, status: ShipmentStatus) -> bool {
        let progress = self.by_number.get(&number);
        progress.is_some_and(|progress| progress.status == status && progress.next.is_none())
    }

    /// The shipment with this number.
    pub(super) fn shipment(&self, number: TrackingNumber) -> Result<Shipment, Refusal> {
        let progress = self.by_number.get(&number);
        let found = progress.and_then(|progress| {
            Some(Shipment {
                label: Arc::clone(self.entries.get(progress.sequence)?),
                status: progress.status,
                since: progress.since,
            })
        });
        found.ok_or(Refusal::UnknownShipment)
    }

    /// The shipment whose label this key has made.
    pub(super) fn shipment_by_key(&self, key: &str) -> Result<Shipment, Refusal> {
        let label = self.by_key(key).ok_or(Refusal::UnknownShipment)?;
        self.of(label)
    }

    /// The newest `limit` shipments of a reference, oldest first, and whether there are more.
    pub(super) fn shipments(&self, reference: &str, limit: usize) -> (Vec<Shipment>, bool) {
        let known = self.references.get(reference);
        let labels = known.map_or(&[][..], |known| &known.labels);
        let skipped = labels.len().saturating_sub(limit);
        let found = labels[skipped..]
            .iter()
            .filter_map(|sequence| self.of(self.entries.get(*sequence)?).ok())
            .collect();
        (found, skipped > 0)
    }

    fn of(&self, label: &CarrierEntry) -> Result<Shipment, Refusal> {
        match label.kind {
            Kind::Label {
                tracking_number, ..
            } => self.shipment(tracking_number),
            _ => Err(Refusal::UnknownShipment),
        }
    }

    /// Up to `limit` kept entries after a sequence, in order.
    pub(super) fn entries(&self, after: u64, limit: usize) -> Vec<Arc<CarrierEntry>> {
        self.entries.after(after, limit)
    }

    pub(super) fn summary(&self) -> CarrierSummary {
        let references = &self.references;
        let repeated = references.repeated();
        CarrierSummary {
            counts: self.counts,
            statuses: self.statuses,
            references: LabelSummary {
                count: references.len() as u64,
                by_labels: references.by_labels().clone(),
                labelled_repeatedly: repeated.len() as u64,
                repeated: repeated
                    .take(LISTED_REFERENCES)
                    .map(|(reference, labels)| RepeatedLabels {
                        reference: Arc::clone(reference),
                        labels,
                    })
                    .collect(),
            },
            dropped_entries: self.entries.dropped(),
        }
    }

    /// Forgets an entry. A shipment goes with its label, wherever it is.
    fn forget(&mut self, entry: &CarrierEntry) {
        if let Some(asked) = entry.asked() {
            self.by_key.remove(&asked.idempotency_key);
        }
        match entry.kind {
            Kind::Label {
                tracking_number, ..
            } => {
                let progress = self.by_number.remove(&tracking_number);
                if let Some((at, _)) = progress.and_then(|progress| progress.next) {
                    self.due.remove(&(at, entry.sequence));
                }
                let label = |sequence: &u64| *sequence != entry.sequence;
                self.references
                    .change(&entry.reference, |known| known.labels.retain(label));
            }
            Kind::Refusal { .. } => self
                .references
                .change(&entry.reference, |known| known.refusals -= 1),
            Kind::End { .. } | Kind::Set { .. } => {}
        }
    }
}
