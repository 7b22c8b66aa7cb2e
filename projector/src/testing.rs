//! Histories for tests: valid ones, step by step.

mod amendments;
mod backorders;
mod fulfilment;
mod products;
mod provider;
mod returns;

pub(crate) use backorders::all_of_backorders;
pub(crate) use fulfilment::{all_of_fulfilment, refund};
pub(crate) use products::all_of_products;
use provider::all_of_provider;
pub(crate) use returns::all_of_returns;

use crate::{
    batch::Batch, projection::FoldError, projection::Projection, row::Row, storage::KeyOf,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Actor, CommandId, Currency, CustomerId, Decider, Envelope, Event, EventId, Location, Money,
    OrderId, Position, Recorded, Sealed, Sku, StreamId, TenantId, Version,
    order::{
        CancellationRejected, CancellationRequested, HoldPlaced, HoldReleased, Line, NoteAdded,
        OrderBrief, OrderCancelled, OrderConfirmed, OrderEvent, OrderExpired, OrderPlaced,
        OrderRejected, RejectionReason,
    },
    payment::{PaymentAuthorizationRequested, PaymentAuthorized, PaymentEvent},
    shipment::ShipmentStatus,
    stock::{
        ReleaseReason, ReservationCommitted, ReservationExpired, ReservationReleased, Stock,
        StockAdjusted, StockEvent, StockReceived, StockReservationRejected, StockReserved, Stocks,
    },
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use store::{Answer, Append, AppendOutcome, EventStore, NewEvent, StreamAppend};
use uuid::Uuid;

pub(crate) const ACTOR: &str = "user:test";

/// A history that could have happened.
#[derive(Default, Clone)]
pub(crate) struct History {
    events: Vec<Recorded>,
    versions: HashMap<StreamId, i64>,
    orders: Vec<Known>,
    appended: usize,
}

#[derive(Clone)]
struct Known {
    brief: OrderBrief,
    lines: Vec<(Sku, i64)>,
    stage: Stage,
    held: bool,
    shipment: Option<ShipmentStatus>,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Placed,
    Confirmed,
    Ended,
}

pub(crate) fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn sku(name: &str) -> Sku {
    Sku::parse(name).unwrap()
}

impl History {
    pub(crate) fn events(&self) -> &[Recorded] {
        &self.events
    }

    pub(crate) fn push(&mut self, stream: StreamId, event: impl Into<Event>) {
        let version = self.versions.entry(stream.clone()).or_insert(0);
        *version += 1;
        let position = self.events.len() as i64 + 1;
        let command = CommandId::new(Uuid::from_u128(0x1000_0000 + position as u128));
        let recorded_at = time("2026-01-01T00:00:00Z") + TimeDelta::seconds(position);
        self.events.push(Recorded {
            envelope: Envelope {
                event_id: EventId::of(command, 0),
                stream,
                version: Version::new(*version),
                position: Position::new(position),
                occurred_at: recorded_at - TimeDelta::milliseconds(3),
                recorded_at,
                tenant: TenantId::default(),
                actor: Actor::parse(ACTOR).unwrap(),
                command_id: command,
                correlation_id: Uuid::from_u128(position as u128),
                causation_id: (position % 2 == 0).then(|| EventId::new(Uuid::from_u128(7))),
                traceparent: None,
            },
            event: event.into(),
        });
    }

    pub(crate) fn order(&mut self, order: OrderId, event: impl Into<OrderEvent>) {
        self.push(
            StreamId::order(&TenantId::default(), order),
            Event::Order(event.into()),
        );
    }

    pub(crate) fn payment(&mut self, order: OrderId, event: impl Into<PaymentEvent>) {
        self.push(
            StreamId::payment(&TenantId::default(), order),
            Event::Payment(event.into()),
        );
    }

    pub(crate) fn stock_event(&mut self, name: &str, event: impl Into<StockEvent>) {
        let stream = StreamId::stock(&TenantId::default(), &Location::default(), &sku(name));
        self.push(stream, Event::Stock(event.into()));
    }

    pub(crate) fn place(&mut self, customer: &str, lines: &[(&str, i64, i64)]) -> OrderId {
        self.place_at(customer, "2026-01-02T03:04:05Z", "EUR", lines)
    }

    pub(crate) fn place_at(
        &mut self,
        customer: &str,
        placed_at: &str,
        currency: &str,
        lines: &[(&str, i64, i64)],
    ) -> OrderId {
        let n = self.orders.len() as u128 + 1;
        let order_id = OrderId::new(Uuid::from_u128(
            0x0192_0000_0000_7000_8000_0000_0000_0000 + n,
        ));
        let placed_lines: Vec<Line> = (1..)
            .zip(lines)
            .map(|(line, (name, quantity, unit_price))| Line {
                line,
                sku: sku(name),
                quantity: *quantity,
                unit_price: *unit_price,
                discount: 0,
                order_discount: 0,
                tax_rate: None,
                tax: 0,
                total: quantity * unit_price,
            })
            .collect();
        let brief = OrderBrief {
            order_id,
            customer_id: CustomerId::parse(customer).unwrap(),
            currency: Currency::parse(currency).unwrap(),
            total: placed_lines.iter().map(|line| line.total).sum(),
            placed_at: time(placed_at),
        };
        self.orders.push(Known {
            brief: brief.clone(),
            lines: placed_lines
                .iter()
                .map(|line| (line.sku.clone(), line.quantity))
                .collect(),
            stage: Stage::Placed,
            held: false,
            shipment: None,
        });
        let placed = OrderPlaced {
            order_id,
            customer_id: brief.customer_id,
            currency: brief.currency,
            lines: placed_lines,
            total: brief.total,
            tax_included: false,
            shipping_address: (n % 2 == 1)
                .then(|| Sealed::of_base64("U3RyYcOfZSAx").expect("it is base64")),
            payment_method: "tok_approve".into(),
            reference: (!n.is_multiple_of(3)).then(|| format!("ref-{n}")),
            placed_at: brief.placed_at,
        };
        self.order(order_id, placed);
        order_id
    }

    fn known(&mut self, order: OrderId) -> &mut Known {
        let mut orders = self.orders.iter_mut();
        orders
            .find(|known| known.brief.order_id == order)
            .expect("an order of this history")
    }

    fn brief(&mut self, order: OrderId) -> OrderBrief {
        self.known(order).brief.clone()
    }

    pub(crate) fn authorize(&mut self, order: OrderId) {
        let brief = self.brief(order);
        let amount = Money::new(brief.total, brief.currency);
        let requested = PaymentAuthorizationRequested {
            order_id: order,
            amount,
            payment_method: "tok_approve".into(),
            attempt: 1,
            max_attempts: 3,
            idempotency_key: format!("main:{order}:authorize:1"),
        };
        self.payment(order, requested);
        let authorized = PaymentAuthorized {
            order_id: order,
            attempt: 1,
            authorization_id: "auth_1".into(),
            amount,
            expires_at: None,
        };
        self.payment(order, authorized);
    }

    pub(crate) fn confirm(&mut self, order: OrderId) {
        let order_brief = self.brief(order);
        self.order(order, OrderConfirmed { order: order_brief });
        self.known(order).stage = Stage::Confirmed;
    }

    /// Placed, reserved, paid, confirmed; all stock is received before.
    pub(crate) fn confirmed_order(
        &mut self,
        customer: &str,
        lines: &[(&str, i64, i64)],
    ) -> OrderId {
        let order = self.place(customer, lines);
        self.carry_out(order);
        order
    }

    fn carry_out(&mut self, order: OrderId) {
        let lines = self.known(order).lines.clone();
        for (sku, quantity) in &lines {
            self.reserve(order, sku.as_str(), *quantity);
        }
        self.authorize(order);
        self.confirm(order);
        for (sku, quantity) in &lines {
            self.commit(order, sku.as_str(), *quantity);
        }
    }

    pub(crate) fn cancel(&mut self, order: OrderId, confirmed: bool) {
        let brief = self.brief(order);
        let reason = "changed my mind".to_owned();
        let requested = CancellationRequested {
            order: brief.clone(),
            confirmed,
            request: 0,
            reason: reason.clone(),
        };
        self.order(order, requested);
        let cancelled = OrderCancelled {
            order: brief,
            confirmed,
            reason,
        };
        self.order(order, cancelled);
        self.known(order).stage = Stage::Ended;
    }

    pub(crate) fn receive(&mut self, name: &str, quantity: i64) {
        let received = StockReceived {
            receipt_id: Uuid::from_u128(self.events.len() as u128),
            location: Location::default(),
            sku: sku(name),
            quantity,
            reference: None,
        };
        self.stock_event(name, received);
    }

    pub(crate) fn adjust(&mut self, name: &str, delta: i64) {
        let adjusted = StockAdjusted {
            adjustment_id: Uuid::from_u128(self.events.len() as u128),
            location: Location::default(),
            sku: sku(name),
            delta,
            reason: "counted".into(),
        };
        self.stock_event(name, adjusted);
    }

    /// Which attempt of an order it is: each reservation of a SKU for it is another.
    fn epoch(&self, name: &str) -> u32 {
        let reserved = self.events.iter().filter(|event| {
            matches!(&event.event, Event::Stock(StockEvent::StockReserved(event)) if event.sku.as_str() == name)
        });
        reserved.count() as u32
    }

    pub(crate) fn reserve(&mut self, order_id: OrderId, name: &str, quantity: i64) {
        let reserved = StockReserved {
            order_id,
            epoch: self.epoch(name) + 1,
            location: Location::default(),
            sku: sku(name),
            quantity,
            lines: vec![],
            until: time("2026-01-02T04:00:00Z"),
            part: 1,
            parts: 1,
            parcels: 1,
        };
        self.stock_event(name, reserved);
    }

    fn reject_reservation(&mut self, order_id: OrderId, name: &str) {
        let rejected = StockReservationRejected {
            order_id,
            epoch: self.epoch(name) + 1_000,
            location: Location::default(),
            sku: sku(name),
            requested: 2,
            available: 1,
            part: 1,
            parts: 1,
        };
        self.stock_event(name, rejected);
    }

    pub(crate) fn commit(&mut self, order_id: OrderId, name: &str, quantity: i64) {
        let committed = ReservationCommitted {
            order_id,
            epoch: self.epoch(name),
            location: Location::default(),
            sku: sku(name),
            quantity,
            part: 1,
            parts: 1,
        };
        self.stock_event(name, committed);
    }

    pub(crate) fn release(
        &mut self,
        order_id: OrderId,
        name: &str,
        quantity: i64,
        committed: bool,
    ) {
        let released = ReservationReleased {
            order_id,
            epoch: self.epoch(name),
            location: Location::default(),
            sku: sku(name),
            quantity,
            committed,
            reason: ReleaseReason::Cancelled,
            part: 1,
            parts: 1,
        };
        self.stock_event(name, released);
    }

    pub(crate) fn expire_reservation(&mut self, order_id: OrderId, name: &str, quantity: i64) {
        let expired = ReservationExpired {
            order_id,
            epoch: self.epoch(name),
            location: Location::default(),
            sku: sku(name),
            quantity,
            part: 1,
            parts: 1,
        };
        self.stock_event(name, expired);
    }

    /// What the domain makes of a SKU's stream.
    pub(crate) fn stock(&self, sku: &Sku) -> Stock {
        let of_sku = self.events.iter().filter_map(|event| match &event.event {
            Event::Stock(stock) if event.envelope.stream.key().ends_with(sku.as_str()) => {
                Some(stock)
            }
            _ => None,
        });
        Stocks::fold(of_sku)
    }

    pub(crate) fn placed_total(&self) -> i64 {
        self.orders.iter().map(|known| known.brief.total).sum()
    }

    /// Something that may happen next, as `choice` says.
    pub(crate) fn random_step(&mut self, choice: u32) {
        // Neighbouring choices should not lead to the same.
        let choice = choice.wrapping_mul(2_654_435_761).rotate_left(13);
        let pick = (choice >> 8) as usize;
        let name = ["A", "B", "C"][pick % 3];
        let open: Vec<OrderId> = self
            .orders
            .iter()
            .filter(|known| known.stage != Stage::Ended)
            .map(|known| known.brief.order_id)
            .collect();
        let Some(order) = open.get(pick % open.len().max(1)).copied() else {
            let day = format!("2026-01-0{}T12:00:00Z", pick % 5 + 1);
            let lines = [(name, (pick % 4 + 1) as i64, 250), ("D", 1, 99)];
            self.place_at(&format!("c{}", pick % 4), &day, "EUR", &lines);
            return;
        };
        let (brief, stage, held, shipment) = {
            let known = self.known(order);
            (known.brief.clone(), known.stage, known.held, known.shipment)
        };
        match choice % 15 {
            0 => self.receive(name, 10),
            1 => self.adjust(name, -1),
            2 | 3 => {
                let currency = ["EUR", "GBP"][pick % 2];
                let lines = [(name, (pick % 3 + 1) as i64, 100)];
                self.place_at(
                    &format!("c{}", pick % 3),
                    "2026-01-03T23:59:59Z",
                    currency,
                    &lines,
                );
            }
            4 | 5 if stage == Stage::Placed => self.carry_out(order),
            6 if shipment.is_none() => self.cancel(order, stage == Stage::Confirmed),
            7 if stage == Stage::Placed => {
                self.reject_reservation(order, name);
                let rejected = OrderRejected {
                    order: brief,
                    reason: RejectionReason::OutOfStock,
                    detail: "2 of A were wanted, 1 can be had".into(),
                };
                self.order(order, rejected);
                self.known(order).stage = Stage::Ended;
            }
            8 if stage == Stage::Placed => {
                self.order(order, OrderExpired { order: brief });
                self.known(order).stage = Stage::Ended;
            }
            9 if held => {
                let hold = "fraud".to_owned();
                self.order(
                    order,
                    HoldReleased {
                        order_id: order,
                        hold,
                    },
                );
                self.known(order).held = false;
            }
            9 => {
                let placed = HoldPlaced {
                    order_id: order,
                    hold: "fraud".into(),
                    reason: "looks odd".into(),
                };
                self.order(order, placed);
                self.known(order).held = true;
            }
            11.. if stage == Stage::Confirmed => self.fulfil(order, pick),
            10 => {
                let requested = CancellationRequested {
                    order: brief.clone(),
                    confirmed: stage == Stage::Confirmed,
                    request: 0,
                    reason: "too late".into(),
                };
                self.order(order, requested);
                let rejected = CancellationRejected {
                    order: brief,
                    confirmed: stage == Stage::Confirmed,
                    reason: "it has left".into(),
                };
                self.order(order, rejected);
            }
            _ => {
                let note = NoteAdded {
                    order_id: order,
                    note_id: Uuid::from_u128(self.events.len() as u128),
                    text: "call\tback\n\"soon\"".into(),
                };
                self.order(order, note);
            }
        }
    }

    /// A history of `steps` steps.
    pub(crate) fn of(steps: impl IntoIterator<Item = u32>) -> Self {
        let mut history = Self::default();
        for step in steps {
            history.random_step(step);
        }
        history
    }

    /// Appends what was not appended yet.
    pub(crate) async fn append_to(&mut self, store: &dyn EventStore) {
        let appends: Vec<Append> = self.events[self.appended..].iter().map(append).collect();
        for batch in appends.chunks(500) {
            for outcome in store.append(batch).await.unwrap() {
                assert!(matches!(outcome, AppendOutcome::Done { .. }), "{outcome:?}");
            }
        }
        self.appended = self.events.len();
    }
}

/// An append of that event alone.
pub(crate) fn append(event: &Recorded) -> Append {
    let envelope = &event.envelope;
    Append {
        command_id: envelope.command_id,
        fingerprint: None,
        tenant: envelope.tenant.clone(),
        actor: envelope.actor.clone(),
        correlation_id: envelope.correlation_id,
        causation_id: envelope.causation_id,
        traceparent: None,
        occurred_at: envelope.occurred_at,
        streams: vec![StreamAppend {
            stream: envelope.stream.clone(),
            expected: Version::new(envelope.version.get() - 1),
            events: vec![NewEvent::of(envelope.command_id, 0, &event.event)],
        }],
        answer: Answer::Accepted,
    }
}

/// The rows that the events make, one after the other.
pub(crate) fn fold_all<P: Projection>(
    events: &[Recorded],
) -> Result<BTreeMap<KeyOf<P>, P::Row>, FoldError> {
    let mut rows: BTreeMap<KeyOf<P>, P::Row> = BTreeMap::new();
    for event in events {
        let Some(key) = P::key(event) else { continue };
        let before = rows.remove(&key);
        assert!(before.is_none() || !P::begins(event), "{event:?}");
        if let Some(after) = P::apply(before, event)? {
            assert_eq!(after.key(), key);
            rows.insert(key, after);
        }
    }
    Ok(rows)
}

/// The rows that the events make, one after the other, where those at the positions are left out.
pub(crate) fn fold_without<P: Projection>(
    events: &[Recorded],
    left_out: &BTreeSet<i64>,
) -> Vec<P::Row> {
    let mut rows: BTreeMap<KeyOf<P>, P::Row> = BTreeMap::new();
    for event in events {
        let Some(key) = P::key(event) else { continue };
        let before = rows.remove(&key);
        let after = match left_out.contains(&event.envelope.position.get()) {
            true => P::leave_out(before, key.clone(), &event.envelope),
            false => P::apply(before, event).unwrap(),
        };
        rows.extend(after.map(|row| (key, row)));
    }
    rows.into_values().collect()
}

/// Whatever has a key is of a type that is read for a rebuild, and the other way round.
pub(crate) fn types_are_those_that_have_a_key<P: Projection>() {
    let mut history = History::of(0..200);
    let order = history.place("c", &[("A", 1, 1)]);
    history.release(order, "A", 0, false);
    history.expire_reservation(order, "A", 0);
    all_of_fulfilment(&mut history);
    all_of_returns(&mut history);
    all_of_products(&mut history);
    all_of_provider(&mut history);
    all_of_backorders(&mut history);
    let types = P::types();
    for event in history.events() {
        let listed = types.contains(&event.event.event_type());
        assert_eq!(
            P::key(event).is_some(),
            listed,
            "{}",
            event.event.event_type()
        );
        if P::key(event).is_none() {
            assert_eq!(P::apply(None, event), Ok(None));
        }
    }
    for wanted in types.iter().filter(|name| !name.starts_with("Payment")) {
        let happened = |event: &Recorded| event.event.event_type() == *wanted;
        assert!(
            history.events().iter().any(happened),
            "{wanted} never happened"
        );
    }
    assert_eq!(Batch::<P>::new([]).len(), 0);
}
