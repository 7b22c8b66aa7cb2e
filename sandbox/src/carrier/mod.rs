//! The carrier's books: every label and end in order, and where every shipment is.
//!
//! Shipments go on by themselves with time. There is no task that moves them: whoever looks, or books
//! something, first books what has come to its end since, in the order in which it came.

mod address;
mod book;
mod decide;
mod entry;
mod news;
mod references;
mod summary;
mod way;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

pub(crate) use address::Destination;
pub use address::{Address, TEST_ADDRESSES, UNSERVED_COUNTRY};
use book::Book;
pub(crate) use book::Shipment;
pub(crate) use decide::ShipOrder;
use decide::{Decision, decide, set};
pub(crate) use entry::ShipRequest;
pub use entry::{Asked, CarrierEntry, CarrierEntryKind, RefusalCode};
use news::Waiting;
pub(crate) use news::{News, What};
pub use summary::{CarrierCounts, CarrierSummary, LabelSummary, RepeatedLabels, StatusCounts};
pub use way::{Fate, ShipmentStatus, Way};

use crate::{
    journal::{Journal, JournalError},
    value::TrackingNumber,
};

/// What the carrier calls itself.
pub(crate) const CARRIER: &str = "Sandbox Parcel";

/// Why a delivery fails.
pub(crate) const NOBODY_HOME: &str = "nobody was at home";

/// The book behind its lock, and the journal that is always as long as the book.
///
/// The lock is held for microseconds, and for as long as it takes to book what has come to its end
/// since somebody looked last.
#[derive(Debug)]
pub(crate) struct Depot {
    inner: Mutex<Inner>,
    /// Told that something has changed, other than by time.
    changed: Notify,
}

#[derive(Debug)]
struct Inner {
    book: Book,
    journal: Option<Journal<CarrierEntry>>,
    news: Waiting,
}

/// What became of an order: a label or a refusal.
#[derive(Debug)]
pub(crate) struct Shipped {
    pub entry: Arc<CarrierEntry>,
    /// Whether it had been booked before.
    pub replayed: bool,
}

/// Why nothing is booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("this idempotency key was used for another request")]
    KeyReused,
    #[error("there is no such shipment")]
    UnknownShipment,
}

/// Why an order is not booked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DepotError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the journal cannot be written")]
    Journal(#[source] io::Error),
}

/// The carrier's journal beside the provider's: `sandbox.carrier.ndjson` beside `sandbox.ndjson`.
pub(crate) fn journal_beside(provider: &Path) -> PathBuf {
    let extension = provider.extension().unwrap_or_default();
    let mut ours = std::ffi::OsString::from("carrier");
    if !extension.is_empty() {
        ours.push(".");
        ours.push(extension);
    }
    provider.with_extension(ours)
}

impl Depot {
    /// An empty ledger in memory.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            inner: Mutex::new(Inner {
                book: Book::new(limit),
                journal: None,
                news: Waiting::default(),
            }),
            changed: Notify::new(),
        }
    }

    /// The ledger that a journal tells of.
    pub(crate) fn open(limit: usize, path: &Path) -> Result<Self, JournalError> {
        let mut book = Book::new(limit);
        let journal = Journal::open(path, |entry| {
            book.apply(entry);
        })?;
        Ok(Self {
            inner: Mutex::new(Inner {
                book,
                journal: Some(journal),
                news: Waiting::default(),
            }),
            changed: Notify::new(),
        })
    }

    /// What this key has booked, if anything.
    pub(crate) fn booked(
        &self,
        key: &str,
        request: &ShipRequest,
    ) -> Result<Option<Shipped>, Refusal> {
        let entry = self.lock().book.booked(key, request)?;
        Ok(entry.map(|entry| Shipped {
            entry,
            replayed: true,
        }))
    }

    /// Books an order once: one of any number of concurrent callers with one key books it, and all
    /// get the same entry.
    pub(crate) fn book(&self, order: ShipOrder) -> Result<Shipped, DepotError> {
        let mut inner = self.at(order.now);
        match decide(&inner.book, order)? {
            Decision::Already(entry) => Ok(Shipped {
                entry,
                replayed: true,
            }),
            Decision::Book(entry) => {
                let entry = inner.write(entry).map_err(DepotError::Journal)?;
                self.changed.notify_one();
                Ok(Shipped {
                    entry,
                    replayed: false,
                })
            }
        }
    }

    /// Says where a shipment is. It stays there, until that is said again.
    pub(crate) fn set(
        &self,
        number: TrackingNumber,
        status: ShipmentStatus,
        now: DateTime<Utc>,
    ) -> Result<Shipment, DepotError> {
        let mut inner = self.at(now);
        if let Some(entry) = set(&inner.book, number, status, now)? {
            inner.write(entry).map_err(DepotError::Journal)?;
            self.changed.notify_one();
        }
        Ok(inner.book.shipment(number)?)
    }

    pub(crate) fn shipment(
        &self,
        number: TrackingNumber,
        now: DateTime<Utc>,
    ) -> Result<Shipment, Refusal> {
        self.at(now).book.shipment(number)
    }

    pub(crate) fn shipment_by_key(
        &self,
        key: &str,
        now: DateTime<Utc>,
    ) -> Result<Shipment, Refusal> {
        self.at(now).book.shipment_by_key(key)
    }

    pub(crate) fn shipments(
        &self,
        reference: &str,
        limit: usize,
        now: DateTime<Utc>,
    ) -> (Vec<Shipment>, bool) {
        self.at(now).book.shipments(reference, limit)
    }

    pub(crate) fn entries(
        &self,
        after: u64,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Vec<Arc<CarrierEntry>> {
        self.at(now).book.entries(after, limit)
    }

    pub(crate) fn summary(&self, now: DateTime<Utc>) -> CarrierSummary {
        self.at(now).book.summary()
    }

    /// Keeps what happens from now on, to be told.
    pub(crate) fn listen(&self) {
        self.lock().news.listen();
    }

    /// What has happened since this was asked last, and when something will next by itself.
    pub(crate) fn news(&self, now: DateTime<Utc>) -> (Vec<News>, Option<DateTime<Utc>>) {
        let mut inner = self.at(now);
        (inner.news.take(), inner.book.next_due())
    }

    /// Waits until something has changed other than by time.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The book as it is now.
    fn at(&self, now: DateTime<Utc>) -> MutexGuard<'_, Inner> {
        let mut inner = self.lock();
        inner.go_on(now);
        inner
    }

    /// Nothing under this lock panics half-way through a change.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// All shipments go on to where they are by now. What the journal cannot take is not told: they
    /// go on as soon as it can.
    fn go_on(&mut self, now: DateTime<Utc>) {
        while let Some(step) = self.book.due(now) {
            if !step.status.is_end() {
                self.book.go_on(&step);
                self.news
                    .is(&self.book, step.tracking_number, step.status, step.at);
                continue;
            }
            let end = CarrierEntry {
                sequence: self.book.next_sequence(),
                at: step.at,
                reference: step.reference,
                kind: CarrierEntryKind::End {
                    tracking_number: step.tracking_number,
                    status: step.status,
                },
            };
            if let Err(error) = self.write(end) {
                tracing::error!("shipments stand still, as the journal cannot be written: {error}");
                return;
            }
        }
    }

    fn write(&mut self, entry: CarrierEntry) -> io::Result<Arc<CarrierEntry>> {
        if let Some(journal) = &mut self.journal {
            journal.append(&entry)?;
        }
        let entry = self.book.apply(entry);
        self.news.booked(&self.book, &entry);
        Ok(entry)
    }
}
