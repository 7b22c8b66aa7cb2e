//! The provider as a whole: what happens between a request and its answer.

use std::{path::Path, sync::Arc, time::Duration};

use axum::Router;
use chassis::clock::{new_id, now};
use tokio_util::sync::CancellationToken;

use crate::{
    api,
    card::Card,
    faults::{FaultSwitches, Faults, InvalidFaults},
    journal::JournalError,
    ledger::{Booking, Ledger, LedgerError, Order, Refusal, Request, Summary},
    value::AuthorizationId,
};

/// How a sandbox behaves.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// The fault switches at the start.
    pub faults: Faults,
    /// Operations that are kept in memory, at least one; some 650 bytes each.
    pub max_operations: usize,
    /// How long an authorization can be captured.
    pub authorization_ttl: Duration,
    /// Once cancelled, answers are no longer held or delayed, so that a server can stop.
    pub stop: CancellationToken,
}

impl Default for SandboxOptions {
    /// No faults, a million operations, a week.
    fn default() -> Self {
        Self {
            faults: Faults::default(),
            max_operations: 1_000_000,
            authorization_ttl: Duration::from_secs(7 * 24 * 60 * 60),
            stop: CancellationToken::new(),
        }
    }
}

/// A payment provider. Clones are the same provider.
#[derive(Debug, Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    ledger: Ledger,
    faults: FaultSwitches,
    authorization_ttl: Duration,
    stop: CancellationToken,
}

/// Why a request has no good answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A card or a fault switch wants it so.
    #[error("the provider fails on purpose")]
    OnPurpose,
    /// The card of which nothing is booked; the client has long gone.
    #[error("the issuer did not answer")]
    Lost,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Ledger(refusal.into())
    }
}

impl Sandbox {
    /// A provider with an empty ledger in memory.
    #[must_use]
    pub fn new(options: SandboxOptions) -> Self {
        let ledger = Ledger::new(options.max_operations);
        Self::with(ledger, options)
    }

    /// A provider whose ledger survives the death of its process in the file `journal`, which is
    /// created where it does not exist. Reads the whole file, and blocks while it does.
    ///
    /// # Errors
    /// The file cannot be read or written, is in use by another process, or is damaged elsewhere
    /// than in a half-written last line.
    pub fn open(options: SandboxOptions, journal: &Path) -> Result<Self, JournalError> {
        let ledger = Ledger::open(options.max_operations, journal)?;
        Ok(Self::with(ledger, options))
    }

    fn with(ledger: Ledger, options: SandboxOptions) -> Self {
        Self {
            inner: Arc::new(Inner {
                ledger,
                faults: FaultSwitches::new(options.faults),
                authorization_ttl: options.authorization_ttl,
                stop: options.stop,
            }),
        }
    }

    /// The HTTP API, complete: with answers for unknown paths and methods.
    ///
    /// Held answers may take as long as [`crate::MAX_HOLD_MS`]: a time limit around the router
    /// cuts them short.
    pub fn router(&self) -> Router {
        api::router(self.clone())
    }

    /// The fault switches.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.inner.faults.get()
    }

    /// Sets every fault switch, from the next request on.
    ///
    /// # Errors
    /// A switch is out of its range; nothing is changed.
    pub fn set_faults(&self, faults: Faults) -> Result<(), InvalidFaults> {
        self.inner.faults.set(faults)
    }

    /// The ledger in a few numbers.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.inner.ledger.summary()
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.inner.ledger
    }

    /// One operation, from its arrival to the moment its answer leaves.
    ///
    /// What is booked already is answered at once, whatever the faults. Otherwise the fault
    /// switches are drawn, the booking is made, and only then the answer waits: a client that
    /// gives up has still been charged, which is the case that a merchant must get right.
    pub(crate) async fn perform(
        &self,
        key: Arc<str>,
        request: Request,
    ) -> Result<Booking, Failure> {
        let Inner {
            ledger,
            faults,
            authorization_ttl,
            ..
        } = &*self.inner;
        if let Some(booking) = ledger.booked(&key, &request)? {
            return Ok(booking);
        }
        let fate = faults.fate(&key);
        let card = match &request {
            Request::Authorize { payment_method, .. } => Card::from_token(payment_method),
            Request::Capture { .. } | Request::Refund { .. } | Request::Void { .. } => {
                Card::Approve
            }
        };
        if card == Card::TimeoutLost {
            self.wait(fate.latency + fate.hold).await;
            return Err(Failure::Lost);
        }
        if card == Card::Error || fate.error {
            self.wait(fate.latency).await;
            return Err(Failure::OnPurpose);
        }
        let now = now();
        let booked = ledger.book(Order {
            key,
            request,
            now,
            new_id: AuthorizationId::new(new_id()),
            // Beyond the calendar's end it never expires.
            expires_at: chrono::TimeDelta::from_std(*authorization_ttl)
                .ok()
                .and_then(|ttl| now.checked_add_signed(ttl))
                .unwrap_or(chrono::DateTime::<chrono::Utc>::MAX_UTC),
            strikes: fate.strikes,
        });
        let held = match card {
            _ if booked.is_err() => Duration::ZERO,
            Card::Slow(time) if !fate.timeout => time,
            Card::Timeout => fate.hold,
            _ if fate.timeout => fate.hold,
            _ => Duration::ZERO,
        };
        self.wait(fate.latency + held).await;
        Ok(booked?)
    }

    /// Waits, but never longer than the provider runs.
    async fn wait(&self, time: Duration) {
        if !time.is_zero() {
            self.inner
                .stop
                .run_until_cancelled(tokio::time::sleep(time))
                .await;
        }
    }
}
