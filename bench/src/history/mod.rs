//! A history as the platform would have written it: many orders under way at a time, with what
//! happens to their stock and payments, the same for the same seed.

mod copy;
mod life;

pub use copy::Writer;

use crate::orders::{Placement, SKUS, reference, sku};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    CommandId, Event, EventId, Location, OrderId, Sku, StreamId, TenantId,
    stock::{StockEvent, StockReceived},
};
use life::{Happening, Step, life};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{collections::HashMap, vec};
use uuid::Uuid;

/// Orders that are under way at a time: their events stand between each other's.
const UNDER_WAY: usize = 64;

/// When the first event was recorded.
const BEGAN: DateTime<Utc> = match DateTime::from_timestamp_secs(1_767_225_600) {
    Some(time) => time,
    None => DateTime::UNIX_EPOCH,
};

/// Between two events.
const APART: TimeDelta = TimeDelta::microseconds(8_250);

/// What each article is received of, once, at the beginning.
const RECEIVED: i64 = 1_000_000_000;

/// An event with everything that a row of the store holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its place among all events.
    pub position: i64,
    /// Its number in the stream.
    pub version: i64,
    /// The stream.
    pub stream: StreamId,
    /// When it was decided and recorded.
    pub time: DateTime<Utc>,
    /// Its own id.
    pub id: EventId,
    /// The command that led to it.
    pub command: CommandId,
    /// The request that started it all.
    pub correlation: Uuid,
    /// The event that the command follows from; none if somebody asked.
    pub causation: Option<EventId>,
    /// What happened.
    pub event: Event,
}

/// An order that is under way.
struct UnderWay {
    order: OrderId,
    correlation: Uuid,
    last: Option<EventId>,
    steps: vec::IntoIter<Step>,
}

/// Writes history, event by event, without an end.
pub struct History {
    rng: StdRng,
    under_way: Vec<UnderWay>,
    versions: HashMap<StreamId, i64>,
    ready: vec::IntoIter<Row>,
    position: i64,
    orders: u64,
}

impl History {
    /// The history of a seed.
    pub fn new(seed: u64) -> Self {
        let mut history = Self {
            rng: StdRng::seed_from_u64(seed),
            under_way: Vec::with_capacity(UNDER_WAY),
            versions: HashMap::new(),
            ready: Vec::new().into_iter(),
            position: 0,
            orders: 0,
        };
        let receipts: Vec<Row> = (0..SKUS)
            .flat_map(|number| history.receive(number))
            .collect();
        history.ready = receipts.into_iter();
        history
    }

    /// A delivery of an article.
    fn receive(&mut self, number: usize) -> Vec<Row> {
        let article = Sku::parse(&sku(number)).expect("letters and digits make a SKU");
        let location = Location::default();
        let stream = StreamId::stock(&TenantId::default(), &location, &article);
        let request = self.uuid();
        let received = StockReceived {
            receipt_id: request,
            location,
            sku: article,
            quantity: RECEIVED,
            reference: None,
        };
        let event = Event::Stock(StockEvent::from(received));
        self.record(vec![Happening { stream, event }], request, None)
    }

    /// What the next step of an order, drawn from those under way, leads to.
    fn advance(&mut self) -> Vec<Row> {
        while self.under_way.len() < UNDER_WAY {
            let next = self.begin();
            self.under_way.push(next);
        }
        let drawn = self.rng.random_range(0..self.under_way.len());
        let order = &mut self.under_way[drawn];
        let (correlation, last) = (order.correlation, order.last);
        let Some(step) = order.steps.next() else {
            let ended = self.under_way.swap_remove(drawn);
            let tenant = TenantId::default();
            self.versions.remove(&StreamId::order(&tenant, ended.order));
            self.versions
                .remove(&StreamId::payment(&tenant, ended.order));
            return Vec::new();
        };
        let rows = self.record(step, correlation, last);
        self.under_way[drawn].last = rows.last().map(|row| row.id);
        rows
    }

    fn begin(&mut self) -> UnderWay {
        let now = self.time();
        let millis = now.timestamp_millis().unsigned_abs();
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &self.rng.random());
        let order = OrderId::new(id.into_uuid());
        self.orders += 1;
        let command = Placement::drawn(&mut self.rng).command(order, reference(self.orders), now);
        let steps = life(command, &mut self.rng);
        UnderWay {
            order,
            correlation: self.uuid(),
            last: None,
            steps: steps.into_iter(),
        }
    }

    /// The rows of what one command leads to.
    fn record(&mut self, step: Step, correlation: Uuid, causation: Option<EventId>) -> Vec<Row> {
        let command = CommandId::new(self.uuid());
        let mut rows = Vec::with_capacity(step.len());
        for (index, Happening { stream, event }) in step.into_iter().enumerate() {
            self.position += 1;
            let version = self.versions.entry(stream.clone()).or_insert(0);
            *version += 1;
            rows.push(Row {
                position: self.position,
                version: *version,
                stream,
                time: self.time(),
                id: EventId::of(command, index),
                command,
                correlation,
                causation,
                event,
            });
        }
        rows
    }

    fn time(&self) -> DateTime<Utc> {
        let passed = i32::try_from(self.position).unwrap_or(i32::MAX);
        BEGAN + APART * passed
    }

    fn uuid(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(self.rng.random()).into_uuid()
    }
}

impl Iterator for History {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        loop {
            if let Some(row) = self.ready.next() {
                return Some(row);
            }
            self.ready = self.advance().into_iter();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Category, State};
    use std::collections::BTreeMap;

    #[test]
    fn positions_have_no_gaps_and_versions_count_each_stream() {
        let mut versions: HashMap<String, i64> = HashMap::new();
        for (expected, row) in (1..).zip(History::new(7).take(20_000)) {
            assert_eq!(row.position, expected);
            let version = versions.entry(row.stream.as_str().to_owned()).or_default();
            *version += 1;
            assert_eq!(row.version, *version, "{}", row.stream.as_str());
        }
    }

    #[test]
    fn orders_come_to_every_end_and_their_events_can_be_read() {
        let mut states: BTreeMap<String, State> = BTreeMap::new();
        let mut types: BTreeMap<&str, u32> = BTreeMap::new();
        for row in History::new(7).take(20_000) {
            let kind = row.event.event_type();
            *types.entry(kind).or_default() += 1;
            let read = Event::decode(kind, row.event.schema_version(), &row.event.encode());
            assert_eq!(read.unwrap(), row.event);
            if row.stream.category() == Category::Order {
                let state = states
                    .entry(row.stream.as_str().to_owned())
                    .or_insert_with(|| State::empty(Category::Order));
                *state = state.clone().evolve(&row.event);
            }
        }
        for kind in [
            "OrderConfirmed",
            "OrderRejected",
            "OrderCancelled",
            "NoteAdded",
        ] {
            assert!(
                types.get(kind).is_some_and(|count| *count > 20),
                "{types:?}"
            );
        }
        assert!(
            types["OrderConfirmed"] * 10 > types["OrderPlaced"] * 8,
            "{types:?}"
        );
    }

    #[test]
    fn the_same_seed_writes_the_same_history() {
        let rows = |seed| -> Vec<Row> { History::new(seed).take(3_000).collect() };
        assert_eq!(rows(1), rows(1));
        assert_ne!(rows(1), rows(2));
    }
}
