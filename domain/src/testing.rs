//! given / when / then for deciders, and the values that tests speak of.

use crate::{
    Actor, CommandId, Currency, Decider, Envelope, Event, EventId, Money, OrderId, Position,
    Recorded, Refusal, RefusalKind, Sku, StreamId, TenantId, Version,
};
use chrono::{DateTime, Utc};
use std::fmt::Debug;
use uuid::Uuid;

/// A history, to which a command is put.
pub struct Given<D: Decider>(D::State);

/// What came of a command.
pub struct When<D: Decider> {
    state: D::State,
    outcome: Result<Vec<D::Event>, D::Error>,
}

/// Starts from `history`.
pub fn given<D: Decider>(history: impl IntoIterator<Item = D::Event>) -> Given<D> {
    let history: Vec<_> = history.into_iter().collect();
    Given(D::fold(&history))
}

impl<D: Decider> Given<D>
where
    D::Event: PartialEq + Debug,
    D::Error: PartialEq + Debug,
{
    /// Puts `command` once, and, if it was accepted, once more: the second time leads to nothing.
    #[track_caller]
    pub fn when(self, command: D::Command) -> When<D> {
        let outcome = D::decide(&self.0, &command);
        let events = outcome.as_deref().unwrap_or_default();
        let state = events.iter().fold(self.0, D::evolve);
        if outcome.is_ok() {
            assert_eq!(
                D::decide(&state, &command),
                Ok(vec![]),
                "put again, it leads to nothing"
            );
        }
        When { state, outcome }
    }
}

impl<D: Decider> When<D>
where
    D::Event: PartialEq + Debug,
    D::Error: PartialEq + Debug,
{
    /// Expects exactly these events.
    #[track_caller]
    pub fn then(self, events: impl IntoIterator<Item = D::Event>) -> D::State {
        assert_eq!(self.outcome, Ok(events.into_iter().collect()));
        self.state
    }

    /// Expects that something happens, whatever it is.
    #[track_caller]
    pub fn then_events(self) -> D::State {
        let events = self.outcome.as_ref().map(Vec::len);
        assert!(events.is_ok_and(|count| count > 0), "{:?}", self.outcome);
        self.state
    }

    /// Expects that nothing happens.
    #[track_caller]
    pub fn then_nothing(self) -> D::State {
        self.then([])
    }

    /// Expects a refusal.
    #[track_caller]
    pub fn then_refused(self, error: D::Error) -> D::State {
        assert_eq!(self.outcome, Err(error));
        self.state
    }
}

/// Expects that `command`, if it breaks a rule of meaning in `state` or in the empty one, does so in
/// both, and in the same words: the lane answers such a command without remembering it, so the answer
/// must not change with what happens meanwhile.
#[track_caller]
pub fn meaning_knows_no_state<D>(state: &D::State, command: &D::Command)
where
    D: Decider,
    D::Error: Into<Refusal>,
{
    let meaningless = |state: &D::State| {
        let refusal = D::decide(state, command).err().map(Into::into);
        refusal.filter(|refusal: &Refusal| refusal.kind == RefusalKind::Meaning)
    };
    assert_eq!(meaningless(state), meaningless(&D::State::default()));
}

/// The `n`-th UUID of its `kind`.
pub fn uuid(kind: u16, n: u64) -> Uuid {
    Uuid::from_fields(
        0x0192_0000,
        kind,
        0x7000,
        &(0x8000_0000_0000_0000 | n).to_be_bytes(),
    )
}

/// The `n`-th order.
pub fn order_id(n: u64) -> OrderId {
    OrderId::new(uuid(1, n))
}

/// A SKU.
pub fn sku(text: &str) -> Sku {
    Sku::parse(text).expect("tests name valid SKUs")
}

/// So many cents of a euro.
pub fn eur(amount: i64) -> Money {
    Money::new(
        amount,
        Currency::parse("EUR").expect("the euro is a currency"),
    )
}

/// So many seconds after the tests' clock began.
pub fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_760_000_000 + seconds, 0).expect("tests live in our century")
}

/// An event as policies get it: the `position`-th, `position` seconds after the clock began.
pub fn recorded(event: impl Into<Event>, position: i64) -> Recorded {
    let order = order_id(1);
    let tenant = TenantId::default();
    let command_id = CommandId::new(uuid(2, position as u64));
    Recorded {
        envelope: Envelope {
            event_id: EventId::of(command_id, 0),
            stream: StreamId::order(&tenant, order),
            version: Version::new(position),
            position: Position::new(position),
            occurred_at: at(position),
            recorded_at: at(position),
            tenant,
            actor: Actor::parse("tests").expect("tests name a valid actor"),
            command_id,
            correlation_id: command_id.uuid(),
            causation_id: None,
            traceparent: None,
        },
        event: event.into(),
    }
}
