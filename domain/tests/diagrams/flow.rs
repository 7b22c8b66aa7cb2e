//! The straight way of an order, as the policies take it: who is told of what, and what it leads to.

use crate::samples::{order_id, place, placement, time};
use domain::{
    Actor, Category, Command, CommandId, Envelope, Event, EventId, Position, Recorded, Sku, State,
    StreamId, TenantId, Version,
    order::OrderCommand,
    payment::{PaymentCommand, RecordAuthorized, RecordCaptured},
    policy::{
        Call, Inventory, Limits, OrderPolicy, PaymentPolicy, Policy, Reaction, Shipping, Task,
        Timer,
    },
    shipment::{PackShipment, RecordDelivered, RecordDispatched, ShipmentCommand, ShipmentEvent},
    stock::{ReceiveStock, StockCommand},
};
use std::collections::{BTreeMap, VecDeque};
use uuid::Uuid;

/// All that there is while the diagram is drawn.
#[derive(Default)]
struct World {
    streams: BTreeMap<StreamId, (State, i64)>,
    /// Events that the policies have yet to see, each with the stream it is in.
    news: VecDeque<Recorded>,
    position: i64,
    timers: VecDeque<Timer>,
    diagram: String,
    inventory: <Inventory as Policy>::State,
    payment: <PaymentPolicy as Policy>::State,
    order: <OrderPolicy as Policy>::State,
    shipping: <Shipping as Policy>::State,
}

pub fn straight() -> String {
    let mut world = World::default();
    world.put(&Command::Stock(StockCommand::Receive(ReceiveStock {
        receipt_id: Uuid::from_u128(1),
        location: place("main"),
        sku: Sku::parse("85123A").expect("samples are valid"),
        quantity: 10,
        reference: None,
    })));
    world.news.clear();
    world.diagram = "sequenceDiagram\n    actor Customer\n    participant Order\n    \
                     participant Stock\n    participant Payment\n    participant Shipment\n    \
                     actor Warehouse\n    participant Provider\n    participant Carrier\n"
        .into();
    let place = Command::Order(order_id(), OrderCommand::Place(placement()));
    world.tell("Customer", &place, None);
    world.run();
    world.diagram
}

impl World {
    fn run(&mut self) {
        loop {
            while let Some(event) = self.news.pop_front() {
                self.react(&event);
            }
            // What is left has time: the carrier is asked where the shipment is.
            match self.timers.pop_front() {
                Some(timer) => self.ring(timer),
                None => return,
            }
        }
    }

    fn ring(&mut self, timer: Timer) {
        // Only time limits that have passed lead to anything: on the straight way none has.
        if let Task::Call(call) = timer.task {
            self.call(&call);
        }
    }

    fn react(&mut self, event: &Recorded) {
        let (inventory, first) = step::<Inventory>(&self.inventory, event);
        let (payment, second) = step::<PaymentPolicy>(&self.payment, event);
        let (order, third) = step::<OrderPolicy>(&self.order, event);
        let (shipping, fourth) = step::<Shipping>(&self.shipping, event);
        self.inventory = inventory;
        self.payment = payment;
        self.order = order;
        self.shipping = shipping;
        let from = participant(&event.envelope.stream);
        for (policy, reactions) in [
            (Inventory::NAME, first),
            (PaymentPolicy::NAME, second),
            (OrderPolicy::NAME, third),
            (Shipping::NAME, fourth),
        ] {
            for reaction in reactions {
                match reaction {
                    Reaction::Execute(command) => self.tell(from, &command, Some(policy)),
                    Reaction::Call(call) => self.call(&call),
                    Reaction::Schedule(timer) => {
                        self.timers.retain(|known| known.name != timer.name);
                        self.timers.push_back(timer);
                    }
                    Reaction::Unschedule(name) => self.timers.retain(|known| known.name != name),
                    Reaction::Park(..) => panic!("the straight way needs no operator"),
                }
            }
        }
        if let Event::Shipment(ShipmentEvent::ShipmentCreated(created)) = &event.event {
            let pack = ShipmentCommand::Pack(PackShipment);
            self.tell(
                "Warehouse",
                &Command::Shipment(created.shipment_id, pack),
                None,
            );
        }
    }

    /// Puts a command, and draws what it leads to; where it leads to nothing there is nothing to see.
    fn tell(&mut self, from: &str, command: &Command, policy: Option<&str>) {
        let to = participant(&command.streams(&TenantId::default())[0]);
        let happened = self.put(command);
        if happened.is_empty() {
            return;
        }
        let by = policy
            .map(|policy| format!("{policy}: "))
            .unwrap_or_default();
        self.diagram += &format!("    {from}->>{to}: {by}{}\n", happened.join(", "));
    }

    /// Calls a participant, who does what is asked, and draws that.
    fn call(&mut self, call: &Call) {
        let (whom, command) = match call {
            Call::Authorize {
                order_id,
                attempt,
                amount,
                ..
            } => {
                let command = PaymentCommand::RecordAuthorized(RecordAuthorized {
                    attempt: *attempt,
                    authorization_id: "auth".into(),
                    amount: *amount,
                    expires_at: None,
                });
                ("Provider", Command::Payment(*order_id, command))
            }
            Call::Capture {
                order_id,
                authorization_id,
                shipment_id,
                attempt,
                amount,
                ..
            } => {
                let command = PaymentCommand::RecordCaptured(RecordCaptured {
                    authorization_id: authorization_id.clone(),
                    shipment_id: *shipment_id,
                    attempt: *attempt,
                    amount: *amount,
                });
                ("Provider", Command::Payment(*order_id, command))
            }
            Call::Dispatch {
                shipment_id,
                attempt,
                ..
            } => {
                let command = ShipmentCommand::RecordDispatched(RecordDispatched {
                    attempt: *attempt,
                    carrier: "post".into(),
                    tracking_number: "T1".into(),
                });
                ("Carrier", Command::Shipment(*shipment_id, command))
            }
            Call::Track { shipment_id, .. } => {
                let command = ShipmentCommand::RecordDelivered(RecordDelivered {
                    delivered_at: time(86_400),
                });
                ("Carrier", Command::Shipment(*shipment_id, command))
            }
            other => panic!("{other:?} is not on the straight way"),
        };
        let from = participant(&call.stream(&TenantId::default()));
        self.diagram += &format!("    {from}->>{whom}: {}\n", call.name());
        self.tell(whom, &command, None);
    }

    /// Decides a command; the types of the events that it leads to.
    fn put(&mut self, command: &Command) -> Vec<&'static str> {
        let tenant = TenantId::default();
        let streams = command.streams(&tenant);
        let states: Vec<State> = streams
            .iter()
            .map(|stream| self.state(stream).clone())
            .collect();
        let states: Vec<&State> = states.iter().collect();
        // A refusal is an answer: what a policy wanted is not wanted any more.
        let decided = command.decide(&states).unwrap_or_default();
        let mut types = vec![];
        for (stream, events) in streams.iter().zip(decided) {
            for event in events {
                types.push(event.event_type());
                self.record(stream, event);
            }
        }
        types
    }

    fn state(&mut self, stream: &StreamId) -> &State {
        let empty = || (State::empty(stream.category()), 0);
        &self.streams.entry(stream.clone()).or_insert_with(empty).0
    }

    fn record(&mut self, stream: &StreamId, event: Event) {
        self.position += 1;
        let empty = || (State::empty(stream.category()), 0);
        let (state, version) = self.streams.entry(stream.clone()).or_insert_with(empty);
        *version += 1;
        *state = state.clone().evolve(&event);
        let envelope = Envelope {
            event_id: EventId::new(Uuid::from_u128(self.position as u128)),
            stream: stream.clone(),
            version: Version::new(*version),
            position: Position::new(self.position),
            occurred_at: time(self.position),
            recorded_at: time(self.position),
            tenant: TenantId::default(),
            actor: Actor::parse("diagram").expect("samples are valid"),
            command_id: CommandId::new(Uuid::from_u128(self.position as u128)),
            correlation_id: Uuid::from_u128(1),
            causation_id: None,
            traceparent: None,
        };
        self.news.push_back(Recorded { envelope, event });
    }
}

fn step<P: Policy>(state: &P::State, event: &Recorded) -> (P::State, Vec<Reaction>) {
    match P::key(event) {
        Some(_) => P::react(&Limits::default(), state.clone(), event),
        None => (state.clone(), vec![]),
    }
}

fn participant(stream: &StreamId) -> &'static str {
    match stream.category() {
        Category::Order => "Order",
        Category::Stock => "Stock",
        Category::Payment => "Payment",
        Category::Customer => "Person",
        Category::Product => "Product",
        Category::Shipment => "Shipment",
        Category::Return => "Return",
    }
}
