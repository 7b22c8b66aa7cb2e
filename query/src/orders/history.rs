//! An order as it is or was, folded from its events and those of its payment and its shipments.

use chrono::{DateTime, Utc};
use domain::{
    Envelope, Event, OrderId, Position, Recorded, ShipmentId, State, StreamId, TenantId, Version,
    order::{Order, OrderEvent, Placed, RejectionReason},
    payment::Payment,
    shipment::{Parcel, Shipment, ShipmentEvent},
};
use store::{EventReader, StoreError};

/// How many events are read at once.
const PAGE: usize = 1_000;

/// How many events of an order, its payment and its shipments are folded for one answer: nothing
/// bounds how many notes are added to an order, or how often it is held.
pub(crate) const MAX_EVENTS: usize = 10_000;

/// As of when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// Now.
    End,
    /// While it had this version: until the next event of it.
    Version(Version),
    /// At this time.
    Time(DateTime<Utc>),
}

/// What was found.
#[derive(Debug)]
pub(crate) enum Found {
    /// The order.
    Order(Box<History>),
    /// It never had that version yet.
    NotThatFar {
        /// The version that it has.
        current: Version,
    },
    /// It had not been placed then.
    NotYet,
    /// More than [`MAX_EVENTS`] had happened by then.
    TooLong,
    /// It was never placed.
    Absent,
}

/// An order at some time.
#[derive(Debug)]
pub(crate) struct History {
    pub order: Placed,
    pub payment: Payment,
    /// What leaves for it, of what was created.
    pub shipments: Vec<Parcel>,
    pub version: Version,
    /// Of the last event of it or its payment.
    pub position: Position,
    /// When that was recorded.
    pub updated_at: DateTime<Utc>,
    /// The holds that are on it and why, in the order in which they were placed.
    pub holds: Vec<(String, String)>,
    pub rejection: Option<(RejectionReason, String)>,
    pub cancellation_reason: Option<String>,
    pub reach: Reach,
}

/// How far an order is folded: which of its events are in, and of those of its payment and its
/// shipments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    /// As of when.
    pub at: At,
    /// The last event that is in.
    pub until: Position,
    /// Whether there was nothing beyond.
    pub is_current: bool,
    /// The first event of the order itself that is not in, if there is one.
    next: Option<Position>,
    /// How many more may be in, and whether there were more than may be.
    left: usize,
    too_long: bool,
}

impl Reach {
    const fn new(at: At) -> Self {
        Self {
            at,
            until: Position::ZERO,
            is_current: true,
            next: None,
            left: MAX_EVENTS,
            too_long: false,
        }
    }

    /// Whether the event had happened by then. Of the order's own events, only after
    /// [`take_own`](Self::take_own) has seen them.
    fn has(&self, event: &Envelope) -> bool {
        match self.at {
            At::End => true,
            At::Version(_) => self.next.is_none_or(|next| event.position < next),
            At::Time(time) => event.recorded_at <= time,
        }
    }

    /// Takes an event of the order itself in, if it had happened by then.
    fn take_own(&mut self, event: &Envelope) -> bool {
        let within = match self.at {
            At::Version(version) => event.version <= version,
            At::End | At::Time(_) => self.has(event),
        };
        if !within {
            self.next = Some(event.position);
        }
        self.count(event, within)
    }

    /// Takes an event of the payment or of a shipment in, if it had happened by then.
    fn take(&mut self, event: &Envelope) -> bool {
        let within = self.has(event);
        self.count(event, within)
    }

    fn count(&mut self, event: &Envelope, within: bool) -> bool {
        self.is_current &= within;
        if !within {
            return false;
        }
        self.too_long |= self.left == 0;
        self.left = self.left.saturating_sub(1);
        self.until = self.until.max(event.position);
        !self.too_long
    }
}

/// Folds the order `id` as far as `at` says.
pub(crate) async fn fold(
    reader: &dyn EventReader,
    tenant: &TenantId,
    id: OrderId,
    at: At,
) -> Result<Found, StoreError> {
    let mut order = OrderFold::default();
    let mut reach = Reach::new(at);
    each(reader, &StreamId::order(tenant, id), |recorded| {
        let within = reach.take_own(&recorded.envelope);
        if within {
            order.take(recorded);
        }
        within
    })
    .await?;
    if reach.too_long {
        return Ok(Found::TooLong);
    }
    if let At::Version(version) = at
        && order.version < version
        && order.version > Version::ZERO
    {
        let current = order.version;
        return Ok(Found::NotThatFar { current });
    }
    let mut history = match (order.finish(reach), reach.next) {
        (Some(history), _) => history,
        (None, Some(_)) => return Ok(Found::NotYet),
        (None, None) => return Ok(Found::Absent),
    };
    let mut payment = State::Payment(Payment::default());
    each(reader, &StreamId::payment(tenant, id), |recorded| {
        let within = reach.take(&recorded.envelope);
        if within {
            payment = std::mem::replace(&mut payment, State::Payment(Payment::default()))
                .evolve(&recorded.event);
            if recorded.envelope.position > history.position {
                history.position = recorded.envelope.position;
                history.updated_at = recorded.envelope.recorded_at;
            }
        }
        within
    })
    .await?;
    if let State::Payment(payment) = payment {
        history.payment = payment;
    }
    let mut is_all = false;
    for stream in shipments(tenant, id) {
        if is_all {
            break;
        }
        let mut shipment = State::Shipment(Shipment::Absent);
        each(reader, &stream, |recorded| {
            is_all |= leaves_as_a_whole(&recorded.event);
            let within = reach.take(&recorded.envelope);
            if within {
                shipment = std::mem::replace(&mut shipment, State::Shipment(Shipment::Absent))
                    .evolve(&recorded.event);
            }
            within
        })
        .await?;
        if let State::Shipment(Shipment::Created(parcel)) = shipment {
            history.shipments.push(parcel);
        }
    }
    if reach.too_long {
        return Ok(Found::TooLong);
    }
    history.reach = reach;
    Ok(Found::Order(history))
}

/// The events that are in `to` and not yet in `from`, in the order in which they happened: no more than
/// [`MAX_EVENTS`], since `to` has no more.
pub(crate) async fn between(
    reader: &dyn EventReader,
    tenant: &TenantId,
    id: OrderId,
    (from, to): (&Reach, &Reach),
) -> Result<Vec<Recorded>, StoreError> {
    let has = |reach: &Reach, event: &Envelope| {
        // What came while it was folded is not in, whatever its time.
        event.position <= reach.until && reach.has(event)
    };
    let mut events = vec![];
    let streams = [StreamId::order(tenant, id), StreamId::payment(tenant, id)];
    let mut is_all = false;
    for stream in streams.into_iter().chain(shipments(tenant, id)) {
        if is_all {
            break;
        }
        each(reader, &stream, |recorded| {
            is_all |= leaves_as_a_whole(&recorded.event);
            let within = has(to, &recorded.envelope);
            if within && !has(from, &recorded.envelope) {
                events.push(recorded.clone());
            }
            within
        })
        .await?;
    }
    events.sort_unstable_by_key(|event| event.envelope.position);
    Ok(events)
}

/// Whether this says that nothing else leaves for the order: then no other stream need be read.
fn leaves_as_a_whole(event: &Event) -> bool {
    match event {
        Event::Shipment(ShipmentEvent::ShipmentCreated(created)) => created.parcels == 1,
        _ => false,
    }
}

/// The streams of all that may leave for the order, the one first that says whether there are others.
fn shipments(tenant: &TenantId, id: OrderId) -> impl Iterator<Item = StreamId> {
    let stream = move |parcel| StreamId::shipment(tenant, parcel);
    ShipmentId::all(id).into_iter().map(stream)
}

/// Gives `take` the events of `stream`, in order, until it wants no more.
pub(crate) async fn each(
    reader: &dyn EventReader,
    stream: &StreamId,
    mut take: impl FnMut(&Recorded) -> bool,
) -> Result<(), StoreError> {
    let mut after = Version::ZERO;
    loop {
        let page = reader
            .read_streams(&[(stream.clone(), after)], PAGE)
            .await?;
        let full = page.len() == PAGE;
        for stored in page {
            let recorded = stored.decode()?;
            after = recorded.envelope.version;
            if !take(&recorded) {
                return Ok(());
            }
        }
        if !full {
            return Ok(());
        }
    }
}

/// The state that decisions stand on, and what people want to know besides, as the read model has it.
struct OrderFold {
    state: State,
    version: Version,
    last: Option<(Position, DateTime<Utc>)>,
    holds: Vec<(String, String)>,
    rejection: Option<(RejectionReason, String)>,
    cancellation_reason: Option<String>,
}

impl Default for OrderFold {
    fn default() -> Self {
        Self {
            state: State::Order(Order::default()),
            version: Version::ZERO,
            last: None,
            holds: vec![],
            rejection: None,
            cancellation_reason: None,
        }
    }
}

impl OrderFold {
    fn take(&mut self, recorded: &Recorded) {
        match &recorded.event {
            Event::Order(OrderEvent::OrderRejected(event)) => {
                self.rejection = Some((event.reason, event.detail.clone()));
            }
            Event::Order(OrderEvent::CancellationRequested(event)) => {
                self.cancellation_reason = Some(event.reason.clone());
            }
            Event::Order(OrderEvent::CancellationRejected(_)) => self.cancellation_reason = None,
            Event::Order(OrderEvent::OrderCancelled(event)) => {
                self.cancellation_reason = Some(event.reason.clone());
            }
            Event::Order(OrderEvent::HoldPlaced(event)) => {
                self.holds.retain(|(hold, _)| *hold != event.hold);
                self.holds.push((event.hold.clone(), event.reason.clone()));
            }
            Event::Order(OrderEvent::HoldReleased(event)) => {
                self.holds.retain(|(hold, _)| *hold != event.hold);
            }
            Event::Order(_)
            | Event::Stock(_)
            | Event::Payment(_)
            | Event::Shipment(_)
            | Event::Return(_)
            | Event::Customer(_)
            | Event::Product(_) => {}
        }
        let state = std::mem::replace(&mut self.state, State::Order(Order::default()));
        self.state = state.evolve(&recorded.event);
        self.version = recorded.envelope.version;
        self.last = Some((recorded.envelope.position, recorded.envelope.recorded_at));
    }

    fn finish(self, reach: Reach) -> Option<Box<History>> {
        let (position, updated_at) = self.last?;
        let State::Order(Order::Placed(order)) = self.state else {
            return None;
        };
        Some(Box::new(History {
            order,
            payment: Payment::default(),
            shipments: vec![],
            version: self.version,
            position,
            updated_at,
            holds: self.holds,
            rejection: self.rejection,
            cancellation_reason: self.cancellation_reason,
            reach,
        }))
    }
}
