//! The platform in memory: what is asked is decided by the deciders that services use, what follows is
//! what the policies say, and timers go off when their time has come.

use super::{
    participants,
    people::{Fate, uuid},
    policies::{self, Acting},
    shelves::Shelves,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Actor, Category, Command, CommandId, Envelope, Event, EventId, OrderId, Position, Recorded,
    State, StreamId, TenantId, Version,
    order::{OrderCommand, OrderEvent, PlaceOrder},
    policy::{Call, Limits, Reaction, Task, Timer, TimerName},
};
use rand::{RngExt, rngs::StdRng};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// From an event to the command of a policy that has seen it.
const REACTS: TimeDelta = TimeDelta::milliseconds(5);

/// How long participants take for an answer, in milliseconds.
const ANSWERS: std::ops::Range<i64> = 20..600;

/// The platform.
pub(super) struct Shop {
    pub(super) rng: StdRng,
    limits: Limits,
    policies: Vec<Acting>,
    streams: HashMap<StreamId, (State, Version)>,
    orders: HashMap<OrderId, UnderWay>,
    /// What is to be done, in the order of time; numbers tell apart what is to be done at the same time.
    agenda: BTreeMap<(DateTime<Utc>, u64), Entry>,
    entries: u64,
    shelves: Shelves,
    now: DateTime<Utc>,
    position: Position,
    anybody: Actor,
    /// What has happened and nobody has taken yet.
    pub(super) happened: Vec<Recorded>,
}

/// An order of which more is to come.
struct UnderWay {
    fate: Fate,
    correlation: Uuid,
    /// Its own streams.
    streams: Vec<StreamId>,
    timers: HashMap<TimerName, (DateTime<Utc>, u64)>,
    /// How much is to be done about it, timers aside.
    to_do: usize,
}

/// Something that is to be done.
struct Entry {
    order: Option<OrderId>,
    task: Task,
    timer: Option<TimerName>,
    asked: Asked,
}

/// Who asks, and what for.
#[derive(Clone)]
struct Asked {
    actor: Actor,
    correlation: Uuid,
    cause: Option<EventId>,
}

impl Shop {
    /// A shop with nothing in it.
    pub(super) fn new(rng: StdRng) -> Self {
        Self {
            rng,
            limits: Limits::default(),
            policies: policies::all(),
            streams: HashMap::new(),
            orders: HashMap::new(),
            agenda: BTreeMap::new(),
            entries: 0,
            shelves: Shelves::default(),
            now: DateTime::UNIX_EPOCH,
            position: Position::ZERO,
            anybody: Actor::parse("anonymous").expect("a plain word is a name"),
            happened: Vec::new(),
        }
    }

    /// When the next thing is to be done, if anything is.
    pub(super) fn due(&self) -> Option<DateTime<Utc>> {
        self.agenda.keys().next().map(|(due, _)| *due)
    }

    /// Somebody orders: first there is enough of everything that nobody has asked for before.
    pub(super) fn place(&mut self, command: PlaceOrder) {
        self.now = command.placed_at;
        for receipt in self.shelves.first(&command.lines, &mut self.rng) {
            let asked = self.by_anybody();
            self.put(&receipt, None, &asked);
        }
        let order = command.order_id;
        let asked = self.by_anybody();
        let command = Command::Order(order, OrderCommand::Place(command));
        self.put(&command, Some(order), &asked);
    }

    /// Does what is to be done next.
    pub(super) fn go_on(&mut self) {
        let Some(((due, _), entry)) = self.agenda.pop_first() else {
            return;
        };
        self.now = due;
        let of_order = entry.order.and_then(|order| self.orders.get_mut(&order));
        if let Some(order) = of_order {
            match &entry.timer {
                Some(timer) => drop(order.timers.remove(timer)),
                None => order.to_do -= 1,
            }
        }
        match entry.task {
            Task::Execute(command) => self.put(&command, entry.order, &entry.asked),
            Task::Call(call) => self.call(&call, &entry.asked),
        }
        if let Some(order) = entry.order {
            self.forget_if_done(order);
        }
    }

    /// Has a participant asked, if that is still waited for.
    fn call(&mut self, call: &Call, asked: &Asked) {
        let order = call.order_id();
        let stream = call.stream(&TenantId::default());
        let state = self.streams.get(&stream);
        let is_awaited = state.is_some_and(|(state, _)| call.is_awaited_by(state));
        let Some(under_way) = self.orders.get(&order).filter(|_| is_awaited) else {
            return;
        };
        let answer = participants::answer(call, &under_way.fate, self.now, &mut self.rng);
        self.put(&answer, Some(order), asked);
    }

    /// Decides a command, and records what it leads to. A refusal is an answer, too.
    fn put(&mut self, command: &Command, order: Option<OrderId>, asked: &Asked) {
        let ids = command.streams(&TenantId::default());
        for id in &ids {
            if !self.streams.contains_key(id) {
                self.begin(id, order);
            }
        }
        let states: Vec<&State> = ids.iter().map(|id| &self.streams[id].0).collect();
        let Ok(decided) = command.decide(&states) else {
            return;
        };
        let command_id = CommandId::new(uuid(&mut self.rng));
        let before = self.happened.len();
        for (stream, events) in ids.into_iter().zip(decided) {
            for event in events {
                let index = self.happened.len() - before;
                let event_id = EventId::of(command_id, index);
                self.record(&stream, event, event_id, command_id, asked);
            }
        }
        for index in before..self.happened.len() {
            let recorded = self.happened[index].clone();
            self.follow(order, &recorded);
        }
    }

    /// A stream with nothing in it; that of an order is forgotten with the order.
    fn begin(&mut self, id: &StreamId, order: Option<OrderId>) {
        let empty = (State::empty(id.category()), Version::ZERO);
        self.streams.insert(id.clone(), empty);
        let under_way = order.and_then(|order| self.orders.get_mut(&order));
        if let Some(order) = under_way
            && id.category() != Category::Stock
        {
            order.streams.push(id.clone());
        }
    }

    fn record(
        &mut self,
        stream: &StreamId,
        event: Event,
        event_id: EventId,
        command_id: CommandId,
        asked: &Asked,
    ) {
        let Some((state, version)) = self.streams.get_mut(stream) else {
            return;
        };
        let before = std::mem::replace(state, State::empty(stream.category()));
        *state = before.evolve(&event);
        *version = version.plus(1);
        self.position = self.position.plus(1);
        let envelope = Envelope {
            event_id,
            stream: stream.clone(),
            version: *version,
            position: self.position,
            occurred_at: self.now,
            recorded_at: self.now,
            tenant: TenantId::default(),
            actor: asked.actor.clone(),
            command_id,
            correlation_id: asked.correlation,
            causation_id: asked.cause,
            traceparent: None,
        };
        self.happened.push(Recorded { envelope, event });
    }

    /// What follows from an event: what policies want, and what people do.
    fn follow(&mut self, order: Option<OrderId>, recorded: &Recorded) {
        if let Event::Order(OrderEvent::OrderPlaced(placed)) = &recorded.event {
            let (fate, deeds) = Fate::of(placed, &mut self.rng);
            let under_way = UnderWay {
                fate,
                correlation: recorded.envelope.correlation_id,
                streams: vec![recorded.envelope.stream.clone()],
                timers: HashMap::new(),
                to_do: 0,
            };
            self.orders.insert(placed.order_id, under_way);
            for (wait, command) in deeds {
                self.do_later(placed.order_id, wait, command);
            }
        }
        for which in 0..self.policies.len() {
            let acting = &mut self.policies[which];
            let Some((order, reactions)) = acting.policy.react(&self.limits, recorded) else {
                continue;
            };
            let asked = Asked {
                actor: acting.actor.clone(),
                correlation: recorded.envelope.correlation_id,
                cause: Some(recorded.envelope.event_id),
            };
            for reaction in reactions {
                self.plan(order, reaction, &asked);
            }
        }
        let state = self.streams.get(&recorded.envelope.stream);
        if let (Event::Stock(event), Some((State::Stock(stock), _))) = (&recorded.event, state) {
            let receipt = self.shelves.look(event, stock, &mut self.rng);
            if let Some((wait, command)) = receipt {
                let asked = self.by_anybody();
                self.enter(self.now + wait, None, Task::Execute(command), None, asked);
            }
        } else if let Some(order) = order
            && let Some(under_way) = self.orders.get_mut(&order)
            && let Some((wait, command)) = under_way.fate.react(recorded, &mut self.rng)
        {
            self.do_later(order, wait, command);
        }
    }

    fn plan(&mut self, order: OrderId, reaction: Reaction, asked: &Asked) {
        match reaction {
            Reaction::Execute(command) => {
                let task = Task::Execute(command);
                self.enter(self.now + REACTS, Some(order), task, None, asked.clone());
            }
            Reaction::Call(call) => {
                let wait = TimeDelta::milliseconds(self.rng.random_range(ANSWERS));
                let task = Task::Call(call);
                self.enter(self.now + wait, Some(order), task, None, asked.clone());
            }
            Reaction::Schedule(Timer { name, due, task }) => {
                self.call_off(order, name);
                let due = due.max(self.now);
                self.enter(due, Some(order), task, Some(name), asked.clone());
            }
            // Whoever would have to see to it has not come yet.
            Reaction::Unschedule(name) | Reaction::Park(Timer { name, .. }, _) => {
                self.call_off(order, name);
            }
        }
    }

    fn do_later(&mut self, order: OrderId, wait: TimeDelta, command: Command) {
        let correlation = self.orders.get(&order).map(|order| order.correlation);
        let asked = Asked {
            correlation: correlation.unwrap_or_default(),
            ..self.by_anybody()
        };
        let task = Task::Execute(command);
        self.enter(self.now + wait, Some(order), task, None, asked);
    }

    fn enter(
        &mut self,
        due: DateTime<Utc>,
        order: Option<OrderId>,
        task: Task,
        timer: Option<TimerName>,
        asked: Asked,
    ) {
        let at = (due, self.entries);
        self.entries += 1;
        if let Some(order) = order {
            // Nothing is done for an order that is forgotten.
            let Some(under_way) = self.orders.get_mut(&order) else {
                return;
            };
            match timer {
                Some(name) => drop(under_way.timers.insert(name, at)),
                None => under_way.to_do += 1,
            }
        }
        let entry = Entry {
            order,
            task,
            timer,
            asked,
        };
        self.agenda.insert(at, entry);
    }

    fn call_off(&mut self, order: OrderId, name: TimerName) {
        let under_way = self.orders.get_mut(&order);
        if let Some(at) = under_way.and_then(|order| order.timers.remove(&name)) {
            self.agenda.remove(&at);
        }
    }

    /// What nothing more happens to takes no memory any more.
    fn forget_if_done(&mut self, order: OrderId) {
        let under_way = self.orders.get(&order);
        if !under_way.is_some_and(|order| order.to_do == 0 && order.timers.is_empty()) {
            return;
        }
        if let Some(done) = self.orders.remove(&order) {
            for stream in &done.streams {
                self.streams.remove(stream);
            }
        }
        for acting in &mut self.policies {
            acting.policy.forget(order);
        }
    }

    fn by_anybody(&mut self) -> Asked {
        Asked {
            actor: self.anybody.clone(),
            correlation: uuid(&mut self.rng),
            cause: None,
        }
    }
}
