//! The provider's books: every operation in order, found by key, id and reference.

mod book;
mod decide;
mod operation;
mod references;
mod summary;

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use book::Book;
pub(crate) use book::{Acted, Authorization};
use decide::{Decision, decide};
pub(crate) use decide::{Order, Refusal};
pub(crate) use operation::Request;
pub use operation::{Kind, Operation};
pub use summary::{
    Counts, ReferenceSummary, RefundedReference, RepeatedReference, Summary, Totals,
};

use crate::{
    journal::{Journal, JournalError},
    value::AuthorizationId,
};

/// The book behind its lock, and the journal that is always as long as the book.
///
/// The lock is held for microseconds, for one look or one booking with its line in the journal,
/// and never while anything waits.
#[derive(Debug)]
pub(crate) struct Ledger {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    book: Book,
    journal: Option<Journal<Operation>>,
}

/// Where who pays would do what is asked of them. Nobody serves it: `POST /authorizations/{id}/complete`
/// does it, or `…/refuse`.
pub(crate) fn action_url(operation: &Operation) -> String {
    format!(
        "https://provider.sandbox/actions/{}",
        operation.authorization_id
    )
}

/// What became of an order.
#[derive(Debug)]
pub(crate) struct Booking {
    pub operation: Arc<Operation>,
    /// Whether it had been booked before.
    pub replayed: bool,
}

/// Why an order is not booked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LedgerError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the journal cannot be written")]
    Journal(#[source] io::Error),
}

impl Ledger {
    /// An empty ledger in memory.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            inner: Mutex::new(Inner {
                book: Book::new(limit),
                journal: None,
            }),
        }
    }

    /// The ledger that a journal tells of.
    pub(crate) fn open(limit: usize, path: &Path) -> Result<Self, JournalError> {
        let mut book = Book::new(limit);
        let journal = Journal::open(path, |operation| {
            book.apply(operation);
        })?;
        Ok(Self {
            inner: Mutex::new(Inner {
                book,
                journal: Some(journal),
            }),
        })
    }

    /// What this key has booked, if anything.
    pub(crate) fn booked(&self, key: &str, request: &Request) -> Result<Option<Booking>, Refusal> {
        let operation = self.lock().book.booked(key, request)?;
        Ok(operation.map(|operation| Booking {
            operation,
            replayed: true,
        }))
    }

    /// Books an order once: one of any number of concurrent callers with one key books it, and all
    /// get the same operation.
    pub(crate) fn book(&self, order: Order) -> Result<Booking, LedgerError> {
        let mut inner = self.lock();
        let Inner { book, journal } = &mut *inner;
        match decide(book, order)? {
            Decision::Already(operation) => Ok(Booking {
                operation,
                replayed: true,
            }),
            Decision::Book(operation) => {
                if let Some(journal) = journal {
                    journal.append(&operation).map_err(LedgerError::Journal)?;
                }
                Ok(Booking {
                    operation: book.apply(operation),
                    replayed: false,
                })
            }
        }
    }

    pub(crate) fn authorization(&self, id: AuthorizationId) -> Result<Authorization, Refusal> {
        self.lock().book.authorization(id)
    }

    pub(crate) fn authorization_by_key(&self, key: &str) -> Result<Authorization, Refusal> {
        self.lock().book.authorization_by_key(key)
    }

    /// The key under which the authorization was asked for that an operation is about.
    pub(crate) fn key_of(&self, id: AuthorizationId) -> Option<Arc<str>> {
        self.lock().book.key_of(id)
    }

    pub(crate) fn authorizations(
        &self,
        reference: &str,
        limit: usize,
    ) -> (Vec<Authorization>, bool) {
        self.lock().book.authorizations(reference, limit)
    }

    pub(crate) fn operations(&self, after: u64, limit: usize) -> Vec<Arc<Operation>> {
        self.lock().book.operations(after, limit)
    }

    pub(crate) fn summary(&self) -> Summary {
        self.lock().book.summary()
    }

    /// Nothing under this lock panics half-way through a change.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::{faults::Strikes, value::DisputeId};

    fn order(key: &str) -> Order {
        Order {
            key: key.into(),
            request: Request::Authorize {
                reference: "r".into(),
                amount: 1,
                currency: "EUR".parse().unwrap(),
                payment_method: "tok_approve".into(),
            },
            now: DateTime::UNIX_EPOCH,
            new_id: AuthorizationId::new(Uuid::from_u128(1)),
            new_dispute: DisputeId::new(Uuid::from_u128(2)),
            expires_at: DateTime::UNIX_EPOCH,
            strikes: Strikes::default(),
        }
    }

    #[test]
    fn what_the_journal_cannot_take_is_not_booked() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        Ledger::open(10, &path)
            .unwrap()
            .book(order("first"))
            .unwrap();

        let ledger = Ledger::open(10, &path).unwrap();
        ledger.lock().journal = Some(Journal::read_only(&path).unwrap());
        for _ in 0..2 {
            assert!(matches!(
                ledger.book(order("second")),
                Err(LedgerError::Journal(_))
            ));
        }
        assert_eq!(ledger.summary().counts.operations, 1);
        // What is booked is still told.
        assert!(ledger.book(order("first")).unwrap().replayed);
        drop(ledger);

        let ledger = Ledger::open(10, &path).unwrap();
        assert!(!ledger.book(order("second")).unwrap().replayed);
        assert_eq!(ledger.operations(0, 10).len(), 2);
    }
}
