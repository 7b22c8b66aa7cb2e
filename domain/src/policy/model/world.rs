//! The platform in memory: streams, one order of all events, policies with their own places in it,
//! tasks and timers, a provider and a carrier. What happens next is always a choice.

use super::{
    carrier::Carrier,
    checks,
    choices::Choices,
    provider::Provider,
    reader::{self, Reads},
    steps::Steps,
};
use crate::{
    Actor, Category, Command, CommandId, Envelope, Event, EventId, OrderId, Position, Recorded,
    Refusal, ReturnId, ShipmentId, State, StreamId, TenantId, Version,
    order::{Order, OrderCommand, ParkTask, Placed},
    payment::Payment,
    policy::{Call, Limits, Reaction, Task, Timer, TimerName},
    returns::Return,
    shipment::{Parcel, Shipment},
    stock::Stock,
    testing::{at, sku, uuid},
};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The platform.
#[derive(Default, Clone)]
pub(super) struct World {
    pub(super) limits: Limits,
    pub(super) log: Vec<Recorded>,
    streams: BTreeMap<StreamId, (State, Version)>,
    /// What the orders were before: other processes may still believe it.
    past: BTreeMap<StreamId, Vec<State>>,
    pub(super) readers: Vec<Box<dyn Reads>>,
    /// The steps that are taken, for those that look at them.
    pub(super) steps: Option<Box<Steps>>,
    /// What is to be done now, in no order.
    pub(super) tasks: Vec<Task>,
    pub(super) timers: BTreeMap<(OrderId, TimerName), Timer>,
    /// What is left to an operator.
    pub(super) parked: BTreeMap<(OrderId, TimerName), Timer>,
    /// Under which id each of that stands with its order.
    pub(super) parked_as: BTreeMap<(OrderId, TimerName), Uuid>,
    /// What policies, timers and participants have put: any of it may come again.
    pub(super) put: Vec<Command>,
    pub(super) provider: Provider,
    pub(super) carrier: Carrier,
    pub(super) orders: Vec<OrderId>,
    /// The returns that were asked for, each with its order.
    pub(super) returns: Vec<(OrderId, ReturnId)>,
    seconds: i64,
    /// The calls that were made: any of them may be made again, as long as it is waited for.
    pub(super) made: Vec<Call>,
    /// Whether everything has ended: then nobody is called any more.
    over: bool,
}

impl World {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            readers: reader::all(),
            ..Self::default()
        }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        at(self.seconds)
    }

    /// Forgets what the sagas remember, and all that is remembered for a while only: which commands
    /// were put, and how reservations ended.
    pub(super) fn forget(&mut self) {
        self.readers = reader::all();
        self.tasks.clear();
        self.timers.clear();
        self.parked.clear();
        self.put.clear();
        for (state, _) in self.streams.values_mut() {
            if let State::Stock(stock) = state {
                stock.forget_ended();
            }
        }
        self.made.clear();
        // A key is not kept by a participant for ever: what is called once more is done once more.
        self.over = true;
    }

    /// Puts a command, and appends what it leads to.
    pub(super) fn put(&mut self, command: &Command) -> Result<(), Refusal> {
        let states = self.states(command);
        let decided = command.decide(&states.iter().collect::<Vec<_>>())?;
        self.record(command, decided);
        Ok(())
    }

    /// Puts a command in a process that may not know the latest of what it only looks at: what it
    /// leads to there holds.
    fn put_elsewhere(&mut self, choices: &mut Choices, command: &Command) -> Result<(), Refusal> {
        let mut states = self.states(command);
        let ids = command.streams(&TenantId::default());
        let looked_at = ids.len() - command.looks_at();
        for (id, state) in ids.iter().zip(&mut states).skip(looked_at) {
            let back = choices.of(&[0, 0, 1, 2, 4]);
            let past = self
                .past
                .get(id)
                .and_then(|past| past.iter().rev().nth(back));
            if let Some(past) = past {
                state.clone_from(past);
            }
        }
        match command.decide(&states.iter().collect::<Vec<_>>()) {
            Ok(decided) if !decided.iter().all(Vec::is_empty) => {
                self.record(command, decided);
                Ok(())
            }
            _ => self.put(command),
        }
    }

    fn states(&self, command: &Command) -> Vec<State> {
        let state = |id: &StreamId| match self.streams.get(id) {
            Some((state, _)) => state.clone(),
            None => State::empty(id.category()),
        };
        let ids = command.streams(&TenantId::default());
        ids.iter().map(state).collect()
    }

    fn record(&mut self, command: &Command, decided: Vec<Vec<Event>>) {
        let ids = command.streams(&TenantId::default());
        self.seconds += 1;
        let command_id = CommandId::new(uuid(3, self.log.len() as u64));
        let mut index = 0;
        for (stream, events) in ids.into_iter().zip(decided) {
            for event in events {
                // As the store does: what is appended goes through JSON.
                let stored =
                    Event::decode(event.event_type(), event.schema_version(), &event.encode());
                assert_eq!(stored.expect("what was written can be read"), event);
                self.append(&stream, command_id, index, event);
                index += 1;
            }
        }
    }

    fn append(&mut self, stream: &StreamId, command_id: CommandId, index: usize, event: Event) {
        let empty = (State::empty(stream.category()), Version::ZERO);
        let (state, version) = self.streams.remove(stream).unwrap_or(empty);
        checks::happening(self, &state, &event);
        let version = version.plus(1);
        let envelope = Envelope {
            event_id: EventId::of(command_id, index),
            stream: stream.clone(),
            version,
            position: Position::new(self.log.len() as i64 + 1),
            occurred_at: at(self.seconds),
            recorded_at: at(self.seconds),
            tenant: TenantId::default(),
            actor: Actor::parse("model").expect("a plain name"),
            command_id,
            correlation_id: command_id.uuid(),
            causation_id: None,
            traceparent: None,
        };
        let state = state.evolve(&event);
        if stream.category() == Category::Order {
            let past = self.past.entry(stream.clone()).or_default();
            past.push(state.clone());
        }
        self.streams.insert(stream.clone(), (state, version));
        self.log.push(Recorded { envelope, event });
    }

    /// Lets one of the policies read one event further, or some; says whether there was one.
    pub(super) fn react(&mut self, choices: &mut Choices) -> bool {
        let behind = (0..self.readers.len()).filter(|which| self.readers[*which].behind(&self.log));
        let behind: Vec<usize> = behind.collect();
        if behind.is_empty() {
            return false;
        }
        let which = choices.of(&behind);
        for _ in 0..choices.of(&[1, 2, 4, 8]) {
            Steps::look(self, which);
            self.react_as(which);
        }
        true
    }

    /// Lets a policy read one event further.
    pub(super) fn react_as(&mut self, which: usize) {
        let reactions = self.readers[which].react(&self.limits, &self.log);
        self.plan(reactions);
    }

    fn plan(&mut self, reactions: Vec<(OrderId, Reaction)>) {
        for (order_id, reaction) in reactions {
            match reaction {
                Reaction::Execute(command) => self.tasks.push(Task::Execute(command)),
                Reaction::Call(call) => self.tasks.push(Task::Call(call)),
                Reaction::Schedule(timer) => {
                    self.parked.remove(&(order_id, timer.name));
                    self.timers.insert((order_id, timer.name), timer);
                }
                Reaction::Unschedule(name) => {
                    self.parked.remove(&(order_id, name));
                    self.timers.remove(&(order_id, name));
                }
                Reaction::Park(timer, _) => {
                    self.timers.remove(&(order_id, timer.name));
                    self.park(order_id, timer);
                }
            }
        }
    }

    /// Leaves something to an operator; as the runtime does, it stands with the order, too.
    fn park(&mut self, order_id: OrderId, timer: Timer) {
        let task_id = uuid(8, self.log.len() as u64);
        let park = ParkTask {
            task_id,
            task: timer.name.kind().into(),
            of: None,
            done: false,
            problem: "nobody knows".into(),
        };
        self.parked_as.insert((order_id, timer.name), task_id);
        self.parked.insert((order_id, timer.name), timer);
        if !self.over {
            let park = Command::Order(order_id, OrderCommand::ParkTask(park));
            self.put(&park).expect("an order may wait for an operator");
        }
    }

    /// Does one of the tasks, perhaps more than once; says whether there was one.
    pub(super) fn work(&mut self, choices: &mut Choices) -> bool {
        if self.tasks.is_empty() {
            return false;
        }
        let task = self.tasks.remove(choices.below(self.tasks.len()));
        let times = choices.of(&[1, 1, 2, 3]);
        for time in 1..=times {
            // Only the last time is it forgotten; what failed then is done again later.
            if !self.perform(choices, &task) && time == times {
                self.tasks.push(task.clone());
            }
        }
        true
    }

    /// Lets a timer fire, at its time or later; says whether there was one.
    pub(super) fn fire(&mut self, choices: &mut Choices) -> bool {
        let mut due: Vec<_> = self
            .timers
            .iter()
            .map(|(key, timer)| (timer.due, *key))
            .collect();
        if due.is_empty() {
            return false;
        }
        due.sort();
        let (when, key) = due[choices.below(due.len())];
        let late = [0, 1, 600, 100_000];
        let timer = self.timers.remove(&key).expect("it was just there");
        let passed = (when - self.now()).num_seconds().max(0);
        self.seconds += passed + choices.of(&late);
        self.tasks.push(timer.task);
        true
    }

    /// Lets a command come again that came before, or a call be made again.
    pub(super) fn repeat(&mut self, choices: &mut Choices) {
        let (put, made) = (self.put.len(), self.made.len());
        if put + made == 0 {
            return;
        }
        let which = choices.below(put + made);
        if let Some(command) = self.put.get(which).cloned() {
            let _refused = self.put(&command);
        } else if let Some(call) = self.made.get(which - put).cloned()
            && self.waits_for(&call)
        {
            // As the runtime does: what was called before a crash is called again only then.
            let _again = self.perform(choices, &Task::Call(call));
        }
    }

    pub(super) fn perform(&mut self, choices: &mut Choices, task: &Task) -> bool {
        let command = match task {
            Task::Execute(command) => command.clone(),
            Task::Call(call) if self.over => {
                assert!(!self.waits_for(call), "called once more: {call:?}");
                return true;
            }
            Task::Call(call) => {
                self.made.push(call.clone());
                let outcome = match call {
                    Call::Dispatch { .. } | Call::Track { .. } => self.carrier.call(choices, call),
                    Call::Refund { order_id, .. } => {
                        let payment = self.payment(*order_id);
                        self.provider.refund(choices, call, &payment)
                    }
                    _ if self.only_asks(call) => self.provider.look_up(choices, call),
                    _ => self.provider.call(choices, call),
                };
                match outcome {
                    Some(command) => command,
                    None => return false,
                }
            }
        };
        // A refusal is an answer: what was wanted is not wanted any more.
        let _refused = self.put_elsewhere(choices, &command);
        if let Command::Payment(order, _) = &command {
            let payment = self.payment(*order);
            self.provider.sort_out(*order, &payment);
        }
        self.put.push(command);
        self.check_money(task);
        true
    }

    /// The carrier speaks by itself.
    pub(super) fn hear_carrier(&mut self, choices: &mut Choices) {
        let said = self.carrier.tell_again(choices);
        self.listen(said);
    }

    /// The provider speaks by itself, or the carrier.
    pub(super) fn hear(&mut self, choices: &mut Choices) {
        if choices.below(4) == 3 {
            return self.hear_carrier(choices);
        }
        let payment = |order| self.payment(order);
        let mut provider = self.provider.clone();
        let said = match choices.below(14) {
            12 | 13 => provider.reverse(choices),
            10 | 11 => provider.act(choices),
            8 | 9 => provider.expire(choices),
            0 => provider.receive_late(&self.made, payment),
            1 => provider.authorize_twice(choices, payment),
            2 | 3 => provider.open_dispute(choices, payment),
            4 => provider.close_dispute(choices),
            5 => provider.tell_of_dispute(choices),
            7 => return self.contradict(choices),
            _ => provider.tell_again(choices),
        };
        self.provider = provider;
        self.listen(said);
    }

    /// The provider settles a dispute; says whether one was open.
    pub(super) fn settle_dispute(&mut self, choices: &mut Choices) -> bool {
        let said = self.provider.close_dispute(choices);
        let was_open = said.is_some();
        self.listen(said);
        was_open
    }

    fn listen(&mut self, said: Option<Command>) {
        if let Some(command) = said {
            // It may be of what our books know nothing of, but it is true.
            if let Err(refusal) = self.put(&command) {
                assert_ne!(refusal.code, "OTHER_AMOUNT", "{command:?}");
                self.stands(&command, &refusal);
            }
            if let Command::Payment(order, _) = &command {
                let payment = self.payment(*order);
                self.provider.sort_out(*order, &payment);
            }
            self.put.push(command);
        }
    }

    /// Whether the stream that a call is about waits for it.
    pub(super) fn waits_for(&self, call: &Call) -> bool {
        let stream = call.stream(&TenantId::default());
        let empty = State::empty(stream.category());
        call.is_awaited_by(self.state(&stream).unwrap_or(&empty))
    }

    /// Whether the stream that a call is about only wants to know what became of it.
    fn only_asks(&self, call: &Call) -> bool {
        let state = self.state(&call.stream(&TenantId::default()));
        state.is_some_and(|state| call.only_asks(state))
    }

    fn check_money(&self, task: &Task) {
        if let Task::Call(Call::Authorize { order_id, .. }) = task {
            let held = self.provider.set_aside(*order_id);
            assert!(held.len() <= 1, "set aside twice: {held:?}");
        }
    }

    pub(super) fn placed(&self, order_id: OrderId) -> &Placed {
        match self.state(&StreamId::order(&TenantId::default(), order_id)) {
            Some(State::Order(Order::Placed(order))) => order,
            other => panic!("{order_id} is {other:?}"),
        }
    }

    pub(super) fn payment(&self, order_id: OrderId) -> Payment {
        match self.state(&StreamId::payment(&TenantId::default(), order_id)) {
            Some(State::Payment(payment)) => payment.clone(),
            None => Payment::default(),
            other => panic!("the payment of {order_id} is {other:?}"),
        }
    }

    /// The shipment of an order, or the first of several.
    pub(super) fn shipment(&self, order_id: OrderId) -> Shipment {
        self.shipment_of(ShipmentId::whole(order_id))
    }

    pub(super) fn shipment_of(&self, id: ShipmentId) -> Shipment {
        match self.state(&StreamId::shipment(&TenantId::default(), id)) {
            Some(State::Shipment(shipment)) => shipment.clone(),
            None => Shipment::default(),
            other => panic!("the shipment {id} is {other:?}"),
        }
    }

    /// All shipments of an order that are there, or never will be.
    pub(super) fn shipments(&self, order_id: OrderId) -> Vec<(ShipmentId, Shipment)> {
        let all = ShipmentId::all(order_id).map(|id| (id, self.shipment_of(id)));
        let known = all
            .into_iter()
            .filter(|(_, known)| known.status().is_some());
        known.collect()
    }

    /// All shipments of an order that were created.
    pub(super) fn parcels(&self, order_id: OrderId) -> Vec<Parcel> {
        let all = self.shipments(order_id).into_iter();
        all.filter_map(|(_, known)| known.created().cloned())
            .collect()
    }

    pub(super) fn returned(&self, id: ReturnId) -> Return {
        match self.state(&StreamId::of_return(&TenantId::default(), id)) {
            Some(State::Return(state)) => state.clone(),
            None => Return::default(),
            other => panic!("the return {id} is {other:?}"),
        }
    }

    /// The returns of an order.
    pub(super) fn returns_of(&self, order_id: OrderId) -> Vec<ReturnId> {
        let returns = self.returns.iter();
        let of_order = returns.filter(|(order, _)| *order == order_id);
        of_order.map(|(_, id)| *id).collect()
    }

    pub(super) fn stocks(&self) -> impl Iterator<Item = &Stock> {
        self.streams.values().filter_map(|(state, _)| match state {
            State::Stock(stock) => Some(stock),
            _ => None,
        })
    }

    pub(super) fn stock(&self, at: &str, name: &str) -> Stock {
        let id = StreamId::stock(&TenantId::default(), &super::place(at), &sku(name));
        match self.state(&id) {
            Some(State::Stock(stock)) => stock.clone(),
            None => Stock::default(),
            other => panic!("the stock of {name} is {other:?}"),
        }
    }

    fn state(&self, id: &StreamId) -> Option<&State> {
        self.streams.get(id).map(|(state, _)| state)
    }
}
