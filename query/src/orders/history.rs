//! An order as it is or was, folded from its events and those of its payment and its shipments.

use chrono::{DateTime, Utc};
use domain::{
    Event, OrderId, Position, Recorded, ShipmentId, State, StreamId, TenantId, Version,
    order::{Order, OrderEvent, Placed, RejectionReason},
    payment::Payment,
    policy,
    shipment::{Parcel, Shipment},
};
use store::{EventReader, StoreError};

/// How many events are read at once.
const PAGE: usize = 1_000;

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
    pub rejection: Option<(RejectionReason, String)>,
    pub cancellation_reason: Option<String>,
}

/// Folds the order `id` as far as `at` says.
pub(crate) async fn fold(
    reader: &dyn EventReader,
    tenant: &TenantId,
    id: OrderId,
    at: At,
) -> Result<Found, StoreError> {
    let mut order = OrderFold::default();
    // The order's first event after that, if there is one.
    let mut next = None;
    let stream = StreamId::order(tenant, id);
    each(reader, &stream, |recorded| {
        let within = match at {
            At::End => true,
            At::Version(version) => recorded.envelope.version <= version,
            At::Time(time) => recorded.envelope.recorded_at <= time,
        };
        match within {
            true => order.take(recorded),
            false => next = Some(recorded.envelope.position),
        }
        within
    })
    .await?;
    if let At::Version(version) = at
        && order.version < version
        && order.version > Version::ZERO
    {
        let current = order.version;
        return Ok(Found::NotThatFar { current });
    }
    let mut history = match (order.finish(), next) {
        (Some(history), _) => history,
        (None, Some(_)) => return Ok(Found::NotYet),
        (None, None) => return Ok(Found::Absent),
    };
    // Whether an event of another stream had happened by then.
    let beside = |recorded: &Recorded| match at {
        At::End => true,
        At::Version(_) => next.is_none_or(|next| recorded.envelope.position < next),
        At::Time(time) => recorded.envelope.recorded_at <= time,
    };
    let stream = StreamId::payment(tenant, id);
    let mut payment = State::Payment(Payment::default());
    each(reader, &stream, |recorded| {
        let within = beside(recorded);
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
    for location in policy::allocation() {
        let stream = StreamId::shipment(tenant, ShipmentId::of(id, &location));
        let mut shipment = State::Shipment(Shipment::Absent);
        each(reader, &stream, |recorded| {
            let within = beside(recorded);
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
    Ok(Found::Order(history))
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

/// The state that decisions stand on, and what people want to know besides.
struct OrderFold {
    state: State,
    version: Version,
    last: Option<(Position, DateTime<Utc>)>,
    rejection: Option<(RejectionReason, String)>,
    cancellation_reason: Option<String>,
}

impl Default for OrderFold {
    fn default() -> Self {
        Self {
            state: State::Order(Order::default()),
            version: Version::ZERO,
            last: None,
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

    fn finish(self) -> Option<Box<History>> {
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
            rejection: self.rejection,
            cancellation_reason: self.cancellation_reason,
        }))
    }
}
