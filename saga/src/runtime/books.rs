//! What calls are about, as it is now: for whoever is about to make them.

use crate::storage::StoredTask;
use domain::{
    CustomerId, OrderId, Sealed, State, StreamId, TenantId, Version,
    policy::{Call, Task},
};
use std::collections::BTreeMap;
use store::{EventReader, StoreError, StoredEvent, Undecodable};

/// How many events are read at once.
const PAGE: usize = 2_048;

/// The state of a stream, or the event of it that cannot be read.
type Known = Result<State, Undecodable>;

/// The states of some streams.
pub(super) struct Books(BTreeMap<StreamId, Known>);

/// What a call is about.
#[derive(Clone)]
pub(super) struct Subject {
    /// The payment or the shipment.
    pub state: State,
    /// Where the goods of its order go, if they are to leave and the shop said so. It stands in no
    /// task: what is known of people is kept in one place.
    pub destination: Option<Destination>,
}

/// Where the goods of an order go, as the order's books have it.
#[derive(Clone)]
pub(super) struct Destination {
    pub tenant: TenantId,
    pub customer_id: CustomerId,
    pub order_id: OrderId,
    /// The address; only the customer's key opens it.
    pub address: Sealed,
}

impl Books {
    /// The states of all these streams, read at once.
    pub(super) async fn read(
        reader: &dyn EventReader,
        streams: impl IntoIterator<Item = StreamId>,
    ) -> Result<Self, StoreError> {
        let empty = |stream: StreamId| {
            let state = State::empty(stream.category());
            (stream, Ok(state))
        };
        let mut books: BTreeMap<StreamId, Known> = streams.into_iter().map(empty).collect();
        let from = books.keys().map(|stream| (stream.clone(), Version::ZERO));
        let mut from: Vec<(StreamId, Version)> = from.collect();
        while !from.is_empty() {
            let page = reader.read_streams(&from, PAGE).await?;
            let end = page.last().filter(|_| page.len() == PAGE);
            let end = end.map(|last| (last.envelope.stream.clone(), last.envelope.version));
            for stored in page {
                if let Some(known) = books.get_mut(&stored.envelope.stream) {
                    fold(known, stored);
                }
            }
            let Some((stream, version)) = end else { break };
            // The streams before that one are read to their ends.
            let at = from.iter().position(|(asked, _)| *asked == stream);
            from.drain(..at.unwrap_or(from.len()));
            if let Some(next) = from.first_mut() {
                next.1 = version;
            }
        }
        Ok(Self(books))
    }

    /// The state of a stream, if it was asked for.
    pub(super) fn state(&self, stream: &StreamId) -> Option<Known> {
        self.0.get(stream).cloned()
    }

    /// What a task calls somebody about, if it calls anybody.
    pub(super) fn subject(&self, task: &StoredTask) -> Option<Result<Subject, Undecodable>> {
        let mut states = streams(task).into_iter().map(|stream| self.state(&stream));
        let state = match states.next()?? {
            Ok(state) => state,
            Err(error) => return Some(Err(error)),
        };
        let destination = match states.next().flatten() {
            Some(Ok(State::Order(order))) => order.placed().and_then(|order| {
                let placed = &order.placed;
                let address = order.shipping_address()?.clone();
                Some(Destination {
                    tenant: task.context.tenant.clone(),
                    customer_id: placed.customer_id.clone(),
                    order_id: placed.order_id,
                    address,
                })
            }),
            Some(Err(error)) => return Some(Err(error)),
            _ => None,
        };
        Some(Ok(Subject { state, destination }))
    }
}

/// The streams that must be known before a task is done: of what it calls somebody about, and then
/// of the order, where that says where something goes.
pub(super) fn streams(task: &StoredTask) -> Vec<StreamId> {
    let Task::Call(call) = &task.task else {
        return vec![];
    };
    let tenant = &task.context.tenant;
    let mut streams = vec![call.stream(tenant)];
    if let Call::Dispatch { order_id, .. } = call {
        streams.push(StreamId::order(tenant, *order_id));
    }
    streams
}

fn fold(known: &mut Known, stored: StoredEvent) {
    let Ok(state) = known else { return };
    match stored.decode() {
        Ok(recorded) => {
            let empty = State::empty(recorded.envelope.stream.category());
            let before = std::mem::replace(state, empty);
            *state = before.evolve(&recorded.event);
        }
        Err(error) => *known = Err(error),
    }
}
