//! The record itself, read past all services, and folded by the domain's own rules.

use super::Platform;
use domain::{
    Category, EventId, Position, Recorded, State, StreamId, order::Placed, payment::Payment,
    shipment::Parcel, stock::Stock,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use store::EventReader;

/// How many events are read at once.
const PAGE: usize = 1_000;

/// Everything that has happened, and what it comes to.
pub struct History {
    /// All events in their order.
    pub events: Vec<Recorded>,
    ids: BTreeSet<EventId>,
    streams: BTreeMap<StreamId, (i64, State)>,
    reader: Arc<dyn EventReader>,
    /// KurrentDB's positions are places in its log.
    has_gaps: bool,
}

impl History {
    /// Reads all of it, and checks what always holds of it: positions without a gap, if the store has
    /// none; versions from 1 without a gap, no event twice.
    ///
    /// # Panics
    /// When it cannot be read, or something does not hold.
    pub async fn read(platform: &Platform) -> Self {
        let mut history = Self {
            events: vec![],
            ids: BTreeSet::new(),
            streams: BTreeMap::new(),
            reader: platform.events().await,
            has_gaps: platform.kurrentdb.is_some(),
        };
        history.read_on().await;
        history
    }

    /// Reads what has happened since, with the same checks.
    ///
    /// # Panics
    /// When it cannot be read, or something does not hold.
    pub async fn read_on(&mut self) {
        loop {
            let after = Position::new(self.head());
            let page = self
                .reader
                .read_all(after, PAGE)
                .await
                .expect("events can be read");
            let last = !store::is_full(&page, PAGE);
            for stored in page {
                let recorded = stored.decode().expect("this build wrote what it reads");
                let envelope = &recorded.envelope;
                let (position, head) = (envelope.position.get(), self.head());
                assert!(
                    position == head + 1 || (self.has_gaps && position > head),
                    "position {position} after {head}"
                );
                assert!(
                    self.ids.insert(envelope.event_id),
                    "event {} twice",
                    envelope.event_id
                );
                self.add(recorded);
            }
            if last {
                return;
            }
        }
    }

    fn add(&mut self, recorded: Recorded) {
        let stream = &recorded.envelope.stream;
        let (version, state) = self
            .streams
            .remove(stream)
            .unwrap_or_else(|| (0, State::empty(stream.category())));
        let next = recorded.envelope.version.get();
        assert_eq!(next, version + 1, "a gap in the versions of {stream}");
        let state = state.evolve(&recorded.event);
        self.streams.insert(stream.clone(), (next, state));
        self.events.push(recorded);
    }

    /// Where the store is now.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn head_of_the_store(&self) -> i64 {
        let head = self.reader.head().await.expect("the head can be read");
        head.position.get()
    }

    /// The position of the last event that was read.
    pub fn head(&self) -> i64 {
        let last = self.events.last();
        last.map_or(0, |recorded| recorded.envelope.position.get())
    }

    /// Every order by its id: its version, and what it has come to.
    pub fn orders(&self) -> BTreeMap<String, (i64, &Placed)> {
        let streams = self.streams.values();
        streams
            .filter_map(|(version, state)| match state {
                State::Order(order) => order.placed().map(|placed| (*version, placed)),
                State::Stock(_)
                | State::Payment(_)
                | State::Shipment(_)
                | State::Return(_)
                | State::Customer(_)
                | State::Product(_) => None,
            })
            .map(|(version, placed)| (placed.placed.order_id.to_string(), (version, placed)))
            .collect()
    }

    /// The stock of every SKU at the usual place.
    pub fn stock(&self) -> BTreeMap<String, &Stock> {
        self.of(Category::Stock)
            .filter_map(|(key, state)| match state {
                State::Stock(stock) => Some((key.strip_prefix("main.")?.to_owned(), stock)),
                State::Order(_)
                | State::Payment(_)
                | State::Shipment(_)
                | State::Return(_)
                | State::Customer(_)
                | State::Product(_) => None,
            })
            .collect()
    }

    /// The payments that wait for something: order and status.
    pub fn payments_under_way(&self) -> Vec<(String, &'static str)> {
        let waits = [
            "authorizing",
            "action_required",
            "outcome_unknown",
            "voiding",
            "capturing",
            "refunding",
        ];
        self.of(Category::Payment)
            .filter_map(|(key, state)| match state {
                State::Payment(payment) => Some((key.to_owned(), payment.status.as_str())),
                State::Order(_)
                | State::Stock(_)
                | State::Shipment(_)
                | State::Return(_)
                | State::Customer(_)
                | State::Product(_) => None,
            })
            .filter(|(_, status)| waits.contains(status))
            .collect()
    }

    /// The payment of every order that there is one of.
    pub fn payments(&self) -> BTreeMap<String, &Payment> {
        self.of(Category::Payment)
            .filter_map(|(key, state)| match state {
                State::Payment(payment) => Some((key.to_owned(), payment)),
                State::Order(_)
                | State::Stock(_)
                | State::Shipment(_)
                | State::Return(_)
                | State::Customer(_)
                | State::Product(_) => None,
            })
            .collect()
    }

    /// Every shipment that was created.
    pub fn shipments(&self) -> Vec<&Parcel> {
        self.of(Category::Shipment)
            .filter_map(|(_, state)| match state {
                State::Shipment(shipment) => shipment.created(),
                State::Order(_)
                | State::Stock(_)
                | State::Payment(_)
                | State::Return(_)
                | State::Customer(_)
                | State::Product(_) => None,
            })
            .collect()
    }

    fn of(&self, category: Category) -> impl Iterator<Item = (&str, &State)> {
        self.streams
            .iter()
            .filter(move |(stream, _)| stream.category() == category)
            .map(|(stream, (_, state))| (stream.key(), state))
    }
}
