//! Provider and carrier as a whole: what happens between a request and its answer.

use std::{path::Path, sync::Arc, time::Duration};

use axum::Router;
use chassis::clock::{new_id, now};
use tokio_util::sync::CancellationToken;

use crate::{
    api,
    card::Card,
    carrier::{
        self, CarrierSummary, Depot, DepotError, Destination, ShipOrder, ShipRequest, Shipped,
        journal_beside,
    },
    faults::{Fate, FaultSwitches, Faults, InvalidFaults},
    journal::JournalError,
    ledger::{Booking, Kind, Ledger, LedgerError, Operation, Order, Refusal, Request, Summary},
    value::{AuthorizationId, DisputeId, TrackingNumber},
    webhooks::{WebhookOptions, Webhooks},
};

/// How long nobody looks what has become of shipments, at least and at most, unless somebody has changed
/// something.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How a sandbox behaves.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// The fault switches at the start.
    pub faults: Faults,
    /// Operations of the provider, and entries of the carrier, that are kept in memory, at least one;
    /// some 650 bytes each, and the addresses of shipments.
    pub max_operations: usize,
    /// How long an authorization can be captured.
    pub authorization_ttl: Duration,
    /// Whom the provider tells by itself what has happened; nobody, if none.
    pub webhooks: Option<WebhookOptions>,
    /// Whom the carrier tells; nobody, if none.
    pub carrier_webhooks: Option<WebhookOptions>,
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
            webhooks: None,
            carrier_webhooks: None,
            stop: CancellationToken::new(),
        }
    }
}

/// A payment provider and a carrier. Clones are the same ones.
#[derive(Debug, Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    ledger: Ledger,
    depot: Depot,
    faults: FaultSwitches,
    authorization_ttl: Duration,
    webhooks: Option<Webhooks>,
    carrier_webhooks: Option<Webhooks>,
    stop: CancellationToken,
}

/// Why a request has no good answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Depot(#[from] DepotError),
    /// A card, an address or a fault switch wants it so.
    #[error("it fails on purpose")]
    OnPurpose,
    /// The card of which nothing is booked; the client has long gone.
    #[error("the issuer did not answer")]
    Lost,
}

impl From<carrier::Refusal> for Failure {
    fn from(refusal: carrier::Refusal) -> Self {
        Self::Depot(refusal.into())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Ledger(refusal.into())
    }
}

impl Sandbox {
    /// Both with empty ledgers in memory.
    #[must_use]
    pub fn new(options: SandboxOptions) -> Self {
        let ledger = Ledger::new(options.max_operations);
        let depot = Depot::new(options.max_operations);
        Self::with(ledger, depot, options)
    }

    /// Both with ledgers that survive the death of their process: the provider's in the file
    /// `journal`, the carrier's beside it, in `NAME.carrier.EXTENSION`. They are created where they do
    /// not exist. Reads the whole files, and blocks while it does.
    ///
    /// # Errors
    /// A file cannot be read or written, is in use by another process, or is damaged elsewhere
    /// than in a half-written last line.
    pub fn open(options: SandboxOptions, journal: &Path) -> Result<Self, JournalError> {
        let ledger = Ledger::open(options.max_operations, journal)?;
        let depot = Depot::open(options.max_operations, &journal_beside(journal))?;
        Ok(Self::with(ledger, depot, options))
    }

    fn with(ledger: Ledger, depot: Depot, options: SandboxOptions) -> Self {
        if options.carrier_webhooks.is_some() {
            depot.listen();
        }
        Self {
            inner: Arc::new(Inner {
                ledger,
                depot,
                faults: FaultSwitches::new(options.faults),
                authorization_ttl: options.authorization_ttl,
                webhooks: options.webhooks.map(Webhooks::new),
                carrier_webhooks: options.carrier_webhooks.map(Webhooks::new),
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

    /// The provider's ledger in a few numbers.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.inner.ledger.summary()
    }

    /// The carrier's ledger in a few numbers.
    #[must_use]
    pub fn carrier_summary(&self) -> CarrierSummary {
        self.inner.depot.summary(now())
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.inner.ledger
    }

    pub(crate) fn depot(&self) -> &Depot {
        &self.inner.depot
    }

    /// One operation of the provider, from its arrival to the moment its answer leaves.
    ///
    /// What is booked already is answered at once, whatever the faults. Otherwise the fault
    /// switches are drawn, the booking is made, and only then the answer waits: a client that
    /// gives up has still been charged, which is the case that a merchant must get right.
    pub(crate) async fn perform(
        &self,
        key: Arc<str>,
        request: Request,
    ) -> Result<Booking, Failure> {
        let Inner { ledger, faults, .. } = &*self.inner;
        if let Some(booking) = ledger.booked(&key, &request)? {
            return Ok(booking);
        }
        let fate = faults.fate(&key);
        let card = match &request {
            Request::Authorize { payment_method, .. } => Card::from_token(payment_method),
            Request::Act { .. }
            | Request::ReverseRefund { .. }
            | Request::Capture { .. }
            | Request::Refund { .. }
            | Request::Void { .. }
            | Request::Release { .. }
            | Request::Dispute { .. }
            | Request::EndDispute { .. } => Card::Approve,
        };
        if card == Card::TimeoutLost {
            self.wait(fate.latency + fate.hold).await;
            return Err(Failure::Lost);
        }
        if card == Card::Error || fate.error {
            self.wait(fate.latency).await;
            return Err(Failure::OnPurpose);
        }
        if let (Some(after), Request::Authorize { .. }) = (fate.late, &request) {
            self.book_later(after, key, request, fate);
            self.wait(fate.latency + fate.hold).await;
            return Err(Failure::Lost);
        }
        let booked = self.book(key, request, &fate);
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

    /// Books what is asked for, and has the merchant told.
    fn book(&self, key: Arc<str>, request: Request, fate: &Fate) -> Result<Booking, LedgerError> {
        let Inner {
            ledger,
            authorization_ttl,
            ..
        } = &*self.inner;
        let now = now();
        let booked = ledger.book(Order {
            key,
            request,
            now,
            new_id: AuthorizationId::new(new_id()),
            new_dispute: DisputeId::new(new_id()),
            // Beyond the calendar's end it never expires.
            expires_at: chrono::TimeDelta::from_std(
                fate.authorization_ttl.unwrap_or(*authorization_ttl),
            )
            .ok()
            .and_then(|ttl| now.checked_add_signed(ttl))
            .unwrap_or(chrono::DateTime::<chrono::Utc>::MAX_UTC),
            strikes: fate.strikes,
        });
        if let Ok(Booking {
            operation,
            replayed: false,
        }) = &booked
        {
            self.tell(operation);
        }
        booked
    }

    /// Books it when that time has passed, whatever becomes of who has asked; never, if the process ends
    /// before.
    fn book_later(&self, after: Duration, key: Arc<str>, request: Request, fate: Fate) {
        let sandbox = self.clone();
        tokio::spawn(async move {
            let Inner { stop, .. } = &*sandbox.inner;
            let waited = stop.run_until_cancelled(tokio::time::sleep(after)).await;
            if waited.is_some()
                && let Err(error) = sandbox.book(key, request, &fate)
            {
                tracing::warn!("what was to be booked late is not: {error}");
            }
        });
    }

    /// Has the merchant told of an operation, as the fault switches will have it.
    fn tell(&self, operation: &Operation) {
        let Inner {
            ledger,
            faults,
            webhooks,
            ..
        } = &*self.inner;
        let Some(webhooks) = webhooks else { return };
        // The merchant knows what others do only by the call that it had made.
        let key = match &operation.kind {
            Kind::Dispute { .. }
            | Kind::DisputeEnd { .. }
            | Kind::ActionDone { .. }
            | Kind::ActionRefused { .. } => ledger.key_of(operation.authorization_id),
            Kind::RefundReversal { refund_key, .. } => Some(Arc::clone(refund_key)),
            _ => Some(Arc::clone(&operation.idempotency_key)),
        };
        if let Some(key) = key {
            webhooks.tell(operation, &key, |event| faults.webhook_fate(event));
        }
    }

    /// Sends what the merchant is told by itself, until `stop` of the options; at once, where it is told
    /// nothing.
    pub async fn send_webhooks(&self) {
        tokio::join!(self.tell_of_payments(), self.tell_of_shipments());
    }

    async fn tell_of_payments(&self) {
        if let Some(webhooks) = &self.inner.webhooks {
            let sandbox = self.clone();
            let is_open = move |id| {
                let stands = sandbox.ledger().authorization(id);
                stands.is_ok_and(|known| known.captured == 0 && !known.voided)
            };
            webhooks.send(&self.inner.stop, Arc::new(is_open)).await;
        }
    }

    /// Shipments go on by themselves: what has happened to them is looked for when it is due.
    async fn tell_of_shipments(&self) {
        let Inner {
            depot,
            faults,
            carrier_webhooks,
            stop,
            ..
        } = &*self.inner;
        let Some(webhooks) = carrier_webhooks else {
            return;
        };
        let look = async {
            loop {
                let (news, next) = depot.news(now());
                for news in news {
                    webhooks.tell_of_parcel(&news, |event| faults.webhook_fate(event));
                }
                let wait = next.map_or(LONGEST_WAIT, |next| {
                    let left = (next - now()).to_std().unwrap_or_default();
                    left.clamp(SHORTEST_WAIT, LONGEST_WAIT)
                });
                tokio::select! {
                    () = depot.changed() => {}
                    () = tokio::time::sleep(wait) => {}
                }
            }
        };
        // What is sent is of no authorization.
        let sending = webhooks.send(stop, Arc::new(|_| true));
        tokio::select! {
            () = sending => {}
            () = look => {}
        }
    }

    /// One shipment that is handed over to the carrier, as [`Sandbox::perform`] does it.
    pub(crate) async fn ship(
        &self,
        key: Arc<str>,
        request: ShipRequest,
    ) -> Result<Shipped, Failure> {
        let Inner { depot, faults, .. } = &*self.inner;
        if let Some(shipped) = depot.booked(&key, &request)? {
            return Ok(shipped);
        }
        let fate = faults.fate(&key);
        let destination = Destination::of(request.address.as_deref());
        if destination == Destination::Error || fate.error {
            self.wait(fate.latency).await;
            return Err(Failure::OnPurpose);
        }
        let booked = depot.book(ShipOrder {
            key,
            request,
            now: now(),
            new_number: TrackingNumber::new(new_id()),
            strikes: fate.strikes,
            transit_ms: fate.transit_ms,
        });
        let held = match destination {
            _ if booked.is_err() => Duration::ZERO,
            Destination::Timeout => fate.hold,
            _ if fate.timeout => fate.hold,
            _ => Duration::ZERO,
        };
        self.wait(fate.latency + held).await;
        Ok(booked?)
    }

    /// Waits, but never longer than the process runs.
    async fn wait(&self, time: Duration) {
        if !time.is_zero() {
            self.inner
                .stop
                .run_until_cancelled(tokio::time::sleep(time))
                .await;
        }
    }
}
