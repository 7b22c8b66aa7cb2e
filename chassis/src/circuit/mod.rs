//! Whether somebody is called at all: not while most calls come to nothing.

mod tally;

use serde::Serialize;
use std::time::Duration;
use tally::Tally;
use tokio::time::Instant;

/// How long to wait for what may be over in a moment.
pub const SOON: Duration = Duration::from_secs(1);

/// Whether somebody is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CircuitState {
    /// It is.
    #[default]
    Closed,
    /// One call tells whether it is.
    HalfOpen,
    /// It is left alone.
    Open,
}

impl CircuitState {
    /// As metrics have it: 0 it is called, 1 one call tells, 2 it is left alone.
    pub const fn level(self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::HalfOpen => 1,
            Self::Open => 2,
        }
    }
}

/// When somebody is left alone.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// So many calls must have come to nothing: few that do so say little.
    pub failures: u32,
    /// And so many of a hundred: some that do so are no trouble of the participant's.
    pub share: u32,
    /// Of those that ended within this time.
    pub window: Duration,
    /// Or nothing else has come of calls for so long: where little happens, there are never many.
    pub silence: Duration,
    /// How long nobody calls then, until one call tells whether that helps.
    pub rest: Duration,
}

/// Closed, as long as all is well; open; or half open, while one call tells: before it opens, and
/// before it closes.
#[derive(Debug)]
pub struct Circuit {
    rules: Rules,
    state: State,
    lately: Tally,
    /// When the first call came to nothing of those since the last that did not.
    ill_since: Option<Instant>,
    /// How often it has changed: what was begun before says nothing about now.
    generation: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Open {
        until: Instant,
    },
    /// One call is to tell, and none has begun.
    Doubtful,
    /// One call is under way that tells.
    HalfOpen,
}

/// A call that may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    generation: u64,
}

/// What a call told about who was called, whatever it told about what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It is there, and well.
    Well,
    /// It cannot be reached, or is in trouble.
    Ill,
    /// Nothing: the call was given up by who made it.
    Nothing,
}

impl Circuit {
    /// A closed one.
    pub fn new(rules: Rules, now: Instant) -> Self {
        Self {
            rules,
            state: State::Closed,
            lately: Tally::new(rules.window, now),
            ill_since: None,
            generation: 0,
        }
    }

    /// For how long calls have come to nothing, if that is why none is made, or one tells.
    pub fn away(&self, now: Instant) -> Option<Duration> {
        match self.state {
            State::Closed => None,
            State::Open { .. } | State::Doubtful | State::HalfOpen => {
                Some(now.saturating_duration_since(self.ill_since.unwrap_or(now)))
            }
        }
    }

    /// Whether somebody is called.
    pub const fn state(&self) -> CircuitState {
        match self.state {
            State::Closed => CircuitState::Closed,
            State::Open { .. } => CircuitState::Open,
            State::Doubtful | State::HalfOpen => CircuitState::HalfOpen,
        }
    }

    /// How long it is of no use to call, if it is of none.
    pub fn refuses(&self, now: Instant) -> Option<Duration> {
        match self.state {
            State::Closed | State::Doubtful => None,
            State::Open { until } if now < until => Some(until - now),
            State::Open { .. } => None,
            // The call that tells takes its time, and may tell sooner.
            State::HalfOpen => Some(self.rules.rest.min(SOON)),
        }
    }

    /// A call begins, or is refused for a while.
    pub fn enter(&mut self, now: Instant) -> Result<Ticket, Duration> {
        if let Some(wait) = self.refuses(now) {
            return Err(wait);
        }
        if let State::Open { .. } | State::Doubtful = self.state {
            self.turn(State::HalfOpen);
        }
        let generation = self.generation;
        Ok(Ticket { generation })
    }

    /// A call has ended.
    pub fn leave(&mut self, ticket: Ticket, told: Told, now: Instant) {
        if ticket.generation != self.generation {
            return;
        }
        match (self.state, told) {
            (State::Closed, Told::Well | Told::Ill) => {
                self.lately.count(told == Told::Ill, now);
                self.ill_since = match told {
                    Told::Ill => self.ill_since.or(Some(now)),
                    Told::Well | Told::Nothing => None,
                };
                if self.is_in_doubt(now) {
                    self.turn(State::Doubtful);
                }
            }
            (State::HalfOpen, Told::Well) => {
                self.lately = Tally::new(self.rules.window, now);
                self.ill_since = None;
                self.turn(State::Closed);
            }
            (State::HalfOpen, Told::Ill) => {
                let until = now + self.rules.rest;
                self.turn(State::Open { until });
            }
            // The next call tells.
            (State::HalfOpen, Told::Nothing) => self.turn(State::Doubtful),
            (State::Closed | State::Open { .. } | State::Doubtful, _) => {}
        }
    }

    /// Whether enough calls came to nothing, and most did; or all have for long.
    fn is_in_doubt(&self, now: Instant) -> bool {
        let silent = |since| now.saturating_duration_since(since) >= self.rules.silence;
        if self.ill_since.is_some_and(silent) {
            return true;
        }
        let (calls, ill) = self.lately.sums(now);
        let share = u64::from(self.rules.share);
        ill >= u64::from(self.rules.failures) && ill * 100 >= share * calls
    }

    fn turn(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        failures: 3,
        share: 50,
        window: Duration::from_secs(32),
        silence: Duration::from_secs(40),
        rest: Duration::from_secs(5),
    };

    /// A circuit and its time.
    struct Wire {
        circuit: Circuit,
        now: Instant,
    }

    impl Wire {
        fn new() -> Self {
            let now = Instant::now();
            let circuit = Circuit::new(RULES, now);
            Self { circuit, now }
        }

        fn wait(&mut self, seconds: u64) {
            self.now += Duration::from_secs(seconds);
        }

        fn enter(&mut self) -> Result<Ticket, Duration> {
            self.circuit.enter(self.now)
        }

        fn leave(&mut self, ticket: Ticket, told: Told) {
            self.circuit.leave(ticket, told, self.now);
        }

        fn call(&mut self, told: Told) {
            let ticket = self.enter().expect("it may be called");
            self.leave(ticket, told);
        }

        fn is(&self, state: CircuitState) {
            assert_eq!(self.circuit.state(), state);
        }

        /// After three calls in vain, and one that was to tell.
        fn opened() -> Self {
            let mut wire = Self::new();
            (0..4).for_each(|_| wire.call(Told::Ill));
            wire.is(CircuitState::Open);
            wire
        }
    }

    #[test]
    fn it_opens_when_enough_and_most_came_to_nothing_and_one_more_does() {
        let mut wire = Wire::new();
        for told in [Told::Ill, Told::Well, Told::Ill, Told::Nothing, Told::Well] {
            wire.call(told);
        }
        wire.is(CircuitState::Closed);
        // Three of five.
        wire.call(Told::Ill);
        wire.is(CircuitState::HalfOpen);
        wire.call(Told::Ill);
        assert_eq!(wire.enter(), Err(Duration::from_secs(5)));
        wire.wait(4);
        assert_eq!(wire.enter(), Err(Duration::from_secs(1)));
    }

    #[test]
    fn what_is_in_doubt_is_not_left_alone_if_one_call_is_well() {
        let mut wire = Wire::new();
        (0..3).for_each(|_| wire.call(Told::Ill));
        let probe = wire.enter().unwrap();
        assert_eq!(wire.enter(), Err(Duration::from_secs(1)));
        wire.leave(probe, Told::Well);
        // It begins from nothing.
        (0..2).for_each(|_| wire.call(Told::Ill));
        wire.is(CircuitState::Closed);
    }

    /// Some cards are slow: one of three is never answered.
    #[test]
    fn a_share_that_comes_to_nothing_opens_it_never() {
        let mut wire = Wire::new();
        for _ in 0..50 {
            for told in [Told::Well, Told::Ill, Told::Well] {
                wire.call(told);
                wire.wait(1);
            }
        }
        wire.is(CircuitState::Closed);
    }

    #[test]
    fn failures_long_ago_do_not_count() {
        let mut wire = Wire::new();
        wire.call(Told::Ill);
        wire.wait(19);
        wire.call(Told::Ill);
        wire.wait(20);
        wire.call(Told::Ill);
        wire.is(CircuitState::Closed);
        wire.call(Told::Ill);
        wire.is(CircuitState::HalfOpen);
    }

    /// A shop in which little happens: two calls in forty seconds are never enough, but that none was
    /// answered is.
    #[test]
    fn nothing_but_failures_for_long_open_it_however_few_they_are() {
        let mut wire = Wire::new();
        wire.call(Told::Ill);
        assert_eq!(wire.circuit.away(wire.now), None);
        wire.wait(40);
        wire.call(Told::Ill);
        wire.is(CircuitState::HalfOpen);
        wire.wait(3_600);
        wire.call(Told::Ill);
        wire.is(CircuitState::Open);
        assert_eq!(
            wire.circuit.away(wire.now),
            Some(Duration::from_secs(3_640))
        );
        wire.wait(5);
        wire.call(Told::Well);
        assert_eq!(wire.circuit.away(wire.now), None);
        // The time begins anew.
        wire.call(Told::Ill);
        wire.wait(20);
        wire.call(Told::Well);
        wire.wait(20);
        wire.call(Told::Ill);
        wire.is(CircuitState::Closed);
    }

    #[test]
    fn after_a_rest_one_call_tells() {
        for (told, state) in [
            (Told::Well, CircuitState::Closed),
            (Told::Ill, CircuitState::Open),
        ] {
            let mut wire = Wire::opened();
            wire.wait(5);
            let probe = wire.enter().unwrap();
            wire.is(CircuitState::HalfOpen);
            // All others wait for it.
            assert_eq!(wire.enter(), Err(Duration::from_secs(1)));
            wire.wait(2);
            wire.leave(probe, told);
            wire.is(state);
        }
    }

    #[test]
    fn a_probe_that_is_given_up_leaves_it_to_the_next() {
        let mut wire = Wire::opened();
        wire.wait(5);
        let probe = wire.enter().unwrap();
        wire.leave(probe, Told::Nothing);
        let next = wire.enter().unwrap();
        assert!(wire.enter().is_err());
        wire.leave(next, Told::Well);
        assert!(wire.enter().is_ok());
    }

    #[test]
    fn what_was_begun_before_says_nothing_about_now() {
        let mut wire = Wire::new();
        let early: Vec<Ticket> = (0..5).map(|_| wire.enter().unwrap()).collect();
        (0..4).for_each(|_| wire.call(Told::Ill));
        wire.leave(early[0], Told::Well);
        assert!(wire.enter().is_err());
        wire.wait(5);
        let probe = wire.enter().unwrap();
        wire.leave(early[1], Told::Ill);
        wire.leave(probe, Told::Well);
        early[2..]
            .iter()
            .for_each(|early| wire.leave(*early, Told::Ill));
        wire.is(CircuitState::Closed);
    }
}
