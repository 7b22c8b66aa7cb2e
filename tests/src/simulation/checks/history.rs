//! The history itself: versions without a gap, positions in the order of commits, ids once.

use super::{super::world::World, Wrong};
use chrono::{DateTime, Utc};
use domain::{
    CommandId, EventId, Location, OrderId, Position, Recorded, ShipmentId, State, StreamId,
    TenantId, Version,
    order::{Order, Placed},
    payment::Payment,
    returns::{Return, ReturnCase},
    shipment::Parcel,
};
use std::collections::{BTreeMap, BTreeSet};
use store::{CommandRecord, EventReader, StoredEvent};

/// Everything that the store has in the end.
pub(in super::super) struct History {
    pub events: Vec<Recorded>,
    pub records: BTreeMap<CommandId, CommandRecord>,
    pub streams: BTreeMap<StreamId, (State, Version)>,
    /// How far the position of one event is from that of the next.
    pub step: usize,
}

/// All events of a store, in order.
pub(in super::super) async fn read_to_end(
    store: &dyn EventReader,
) -> Result<Vec<StoredEvent>, String> {
    let mut events: Vec<StoredEvent> = Vec::new();
    loop {
        let after = events.last().map(|event| event.envelope.position);
        let page = store.read_all(after.unwrap_or_default(), usize::MAX).await;
        let page = page.map_err(|error| error.to_string())?;
        if page.is_empty() {
            return Ok(events);
        }
        events.extend(page);
    }
}

impl History {
    pub(super) async fn read(world: &World) -> Result<Self, String> {
        let store = &world.store;
        let mut events = Vec::new();
        let mut streams = BTreeMap::new();
        for stored in read_to_end(store).await? {
            let recorded = stored.decode().map_err(|error| error.to_string())?;
            let stream = recorded.envelope.stream.clone();
            let empty = (State::empty(stream.category()), Version::ZERO);
            let (state, version) = streams.remove(&stream).unwrap_or(empty);
            let state: State = state;
            streams.insert(stream, (state.evolve(&recorded.event), version.plus(1)));
            events.push(recorded);
        }
        let mut ids: BTreeSet<CommandId> = events
            .iter()
            .map(|event| event.envelope.command_id)
            .collect();
        ids.extend(world.journal.asked().iter().map(|asked| asked.id));
        let ids: Vec<_> = ids.into_iter().collect();
        let records = store.find_commands(&ids).await;
        let records = records.map_err(|error| error.to_string())?;
        Ok(Self {
            events,
            records: records
                .into_iter()
                .map(|record| (record.id, record))
                .collect(),
            streams,
            step: world.step,
        })
    }

    /// The events of a command, in order.
    pub(super) fn of(&self, command: CommandId) -> Vec<&Recorded> {
        let events = self.events.iter();
        events
            .filter(|event| event.envelope.command_id == command)
            .collect()
    }

    /// All orders that were placed.
    pub(super) fn orders(&self) -> Vec<&Placed> {
        let states = self.streams.values();
        states
            .filter_map(|(state, _)| match state {
                State::Order(Order::Placed(placed)) => Some(placed),
                _ => None,
            })
            .collect()
    }

    /// The shipment of an order, if there is one.
    pub(super) fn shipment(&self, order: OrderId) -> Option<&Parcel> {
        let shipment = ShipmentId::of(order, &Location::default());
        let stream = StreamId::shipment(&TenantId::default(), shipment);
        match self.streams.get(&stream) {
            Some((State::Shipment(shipment), _)) => shipment.created(),
            _ => None,
        }
    }

    /// All returns that were asked for.
    pub(super) fn returns(&self) -> Vec<&ReturnCase> {
        let states = self.streams.values();
        states
            .filter_map(|(state, _)| match state {
                State::Return(Return::Requested(case)) => Some(case),
                _ => None,
            })
            .collect()
    }

    /// The payment of an order.
    pub(super) fn payment(&self, order: OrderId) -> Payment {
        let stream = StreamId::payment(&TenantId::default(), order);
        match self.streams.get(&stream) {
            Some((State::Payment(payment), _)) => payment.clone(),
            _ => Payment::default(),
        }
    }
}

pub(super) fn check(history: &History, wrong: &Wrong<'_>) {
    let mut last = Position::ZERO;
    let mut recorded_at = DateTime::<Utc>::MIN_UTC;
    let mut versions: BTreeMap<&StreamId, Version> = BTreeMap::new();
    let mut ids: BTreeSet<EventId> = BTreeSet::new();
    for event in &history.events {
        let envelope = &event.envelope;
        let place = format!("event {} of {}", envelope.version, envelope.stream);
        wrong.unless(envelope.position > last, || {
            format!("{place} is at position {} after {last}", envelope.position)
        });
        last = envelope.position;
        wrong.unless(envelope.recorded_at >= recorded_at, || {
            format!("{place} was recorded before the event before it")
        });
        recorded_at = envelope.recorded_at;
        let version = versions.entry(&envelope.stream).or_default();
        let due = version.plus(1);
        wrong.unless(envelope.version == due, || {
            format!("{place} comes where version {due} is due")
        });
        *version = due;
        wrong.unless(ids.insert(envelope.event_id), || {
            format!("{place} has the id of another: {}", envelope.event_id)
        });
    }
}
