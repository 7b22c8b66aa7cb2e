//! A history as the platform would have written it, the same for the same seed: every event is what the
//! deciders make of a command, and every command is what people, policies, timers and participants want.
//! Orders are placed, reserved, paid, confirmed, packed, sent, tracked and delivered; some are rejected,
//! held, cancelled, lost or sent back.

mod copy;
mod participants;
mod people;
mod policies;
mod shelves;
mod shop;
mod source;

pub use copy::Writer;
pub use source::Source;

use domain::{Recorded, order::PlaceOrder};
use rand::{SeedableRng, rngs::StdRng};
use shop::Shop;
use source::Orders;
use std::vec;

/// Writes history, event by event, without an end.
pub struct History {
    shop: Shop,
    orders: Orders,
    next: PlaceOrder,
    ready: vec::IntoIter<Recorded>,
}

impl History {
    /// The history of a seed, and of the orders that are placed.
    pub fn new(seed: u64, source: Source) -> Self {
        let mut shop = Shop::new(StdRng::seed_from_u64(seed));
        let mut orders = Orders::of(source);
        let next = orders.next(&mut shop.rng);
        Self {
            shop,
            orders,
            next,
            ready: Vec::new().into_iter(),
        }
    }

    /// What comes next: an order, or what is to be done about those that are there.
    fn advance(&mut self) {
        let is_due = |due| due < self.next.placed_at;
        if self.shop.due().is_some_and(is_due) {
            return self.shop.go_on();
        }
        let next = self.orders.next(&mut self.shop.rng);
        self.shop.place(std::mem::replace(&mut self.next, next));
    }
}

impl Iterator for History {
    type Item = Recorded;

    fn next(&mut self) -> Option<Recorded> {
        loop {
            if let Some(event) = self.ready.next() {
                return Some(event);
            }
            self.advance();
            self.ready = std::mem::take(&mut self.shop.happened).into_iter();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoices::Invoice;
    use domain::{Event, State};
    use std::collections::{BTreeMap, HashMap};

    fn drawn(seed: u64, events: usize) -> Vec<Recorded> {
        History::new(seed, Source::Drawn).take(events).collect()
    }

    #[test]
    fn positions_have_no_gaps_versions_count_each_stream_and_time_goes_on() {
        let mut versions: HashMap<String, i64> = HashMap::new();
        let mut last = None;
        for (expected, event) in (1..).zip(drawn(7, 20_000)) {
            let envelope = &event.envelope;
            assert_eq!(envelope.position.get(), expected);
            let stream = envelope.stream.as_str();
            let version = versions.entry(stream.to_owned()).or_default();
            *version += 1;
            assert_eq!(envelope.version.get(), *version, "{stream}");
            assert!(last <= Some(envelope.recorded_at), "{event:?}");
            last = Some(envelope.recorded_at);
        }
    }

    #[test]
    fn orders_come_to_every_end_and_their_events_can_be_read() {
        let mut types: BTreeMap<&str, usize> = BTreeMap::new();
        for recorded in drawn(7, 60_000) {
            let event = &recorded.event;
            let kind = event.event_type();
            *types.entry(kind).or_default() += 1;
            let read = Event::decode(kind, event.schema_version(), &event.encode());
            assert_eq!(read.unwrap(), *event);
        }
        let count = |kind: &str| types.get(kind).copied().unwrap_or_default();
        for kind in [
            "OrderRejected",
            "CancellationRequested",
            "OrderCancelled",
            "LinesCancelled",
            "HoldPlaced",
            "HoldReleased",
            "NoteAdded",
            "LinesLost",
            "StockReceived",
            "StockReservationRejected",
            "StockRestocked",
            "ReservationReleased",
            "PaymentDeclined",
            "PaymentOutcomeUnknown",
            "PaymentVoided",
            "PaymentRefunded",
            "DispatchRefused",
            "ShipmentTracked",
            "ReturnClosed",
        ] {
            assert!(count(kind) > 0, "no {kind}: {types:#?}");
        }
        for kind in ["OrderConfirmed", "OrderCompleted", "PaymentCaptured"] {
            let most = count(kind) * 10 > count("OrderPlaced") * 8;
            assert!(most, "few {kind}: {types:#?}");
        }
        assert_eq!(
            count("PaymentParked") + count("TaskParked"),
            0,
            "{types:#?}"
        );
    }

    #[test]
    fn the_same_seed_writes_the_same_history() {
        assert_eq!(drawn(1, 3_000), drawn(1, 3_000));
        assert_ne!(drawn(1, 3_000), drawn(2, 3_000));
    }

    #[test]
    fn events_make_of_each_stream_what_the_deciders_made_of_it() {
        let mut states: HashMap<String, State> = HashMap::new();
        for recorded in drawn(3, 20_000) {
            let stream = &recorded.envelope.stream;
            let state = states.remove(stream.as_str());
            let state = state.unwrap_or_else(|| State::empty(stream.category()));
            states.insert(stream.as_str().into(), state.evolve(&recorded.event));
        }
        let oversold = |state: &State| matches!(state, State::Stock(stock) if stock.free() < 0);
        assert!(!states.values().any(oversold));
    }

    #[test]
    fn a_month_of_real_orders_comes_again_with_ids_and_references_of_its_own() {
        let invoices: Vec<Invoice> = Invoice::samples();
        let count = invoices.len();
        let history = History::new(1, Source::real(invoices).unwrap());
        let mut references = Vec::new();
        for recorded in history {
            if let Event::Order(domain::order::OrderEvent::OrderPlaced(placed)) = recorded.event {
                references.push(placed.reference.unwrap());
            }
            if references.len() == 3 * count {
                break;
            }
        }
        assert_eq!(references[0], "1-0");
        assert_eq!(references[count], "1-1");
        references.sort();
        references.dedup();
        assert_eq!(references.len(), 3 * count);
    }
}
