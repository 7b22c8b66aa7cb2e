//! Whether a participant is called at all: not while calls to it come to nothing.

use std::time::Duration;
use tokio::time::Instant;

/// When a participant is left alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// So many calls in a row that came to nothing open the circuit,
    pub failures: u32,
    /// if the first of them is not longer ago than this.
    pub window: Duration,
    /// How long nobody calls then, until one call tells whether that helps.
    pub rest: Duration,
}

/// Closed, as long as all is well; open; or half open, while one call tells.
#[derive(Debug)]
pub(super) struct Circuit {
    rules: Rules,
    state: State,
    /// How often it has changed: what was begun before says nothing about now.
    generation: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Closed {
        /// How many calls in a row came to nothing.
        failures: u32,
        /// When the first of them did.
        since: Instant,
    },
    Open {
        until: Instant,
    },
    HalfOpen,
}

/// A call that may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    generation: u64,
}

/// What a call told about the participant, whatever it told about what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// It is there, and well.
    Well,
    /// It cannot be reached, or is in trouble.
    Ill,
    /// Nothing: the call was given up by who made it.
    Nothing,
}

impl Circuit {
    pub(super) fn new(rules: Rules, now: Instant) -> Self {
        Self {
            rules,
            state: closed(now),
            generation: 0,
        }
    }

    pub(super) const fn state(&self) -> State {
        self.state
    }

    /// How long it is of no use to call, if it is of none.
    pub(super) fn refuses(&self, now: Instant) -> Option<Duration> {
        match self.state {
            State::Closed { .. } => None,
            State::Open { until } if now < until => Some(until - now),
            State::Open { .. } => None,
            // The call that tells takes its time, and may tell sooner.
            State::HalfOpen => Some(self.rules.rest.min(super::SOON)),
        }
    }

    /// A call begins, or is refused for a while.
    pub(super) fn enter(&mut self, now: Instant) -> Result<Ticket, Duration> {
        if let Some(wait) = self.refuses(now) {
            return Err(wait);
        }
        if let State::Open { .. } = self.state {
            self.turn(State::HalfOpen);
        }
        let generation = self.generation;
        Ok(Ticket { generation })
    }

    /// A call has ended.
    pub(super) fn leave(&mut self, ticket: Ticket, told: Told, now: Instant) {
        if ticket.generation != self.generation {
            return;
        }
        match (self.state, told) {
            (State::Closed { .. }, Told::Well) => self.state = closed(now),
            (State::Closed { failures, since }, Told::Ill) => {
                self.state = match failures == 0 || now - since > self.rules.window {
                    true => State::Closed {
                        failures: 1,
                        since: now,
                    },
                    false => State::Closed {
                        failures: failures + 1,
                        since,
                    },
                };
                if let State::Closed { failures, .. } = self.state
                    && failures >= self.rules.failures
                {
                    self.open(now);
                }
            }
            (State::HalfOpen, Told::Well) => self.turn(closed(now)),
            (State::HalfOpen, Told::Ill) => self.open(now),
            // The next call tells.
            (State::HalfOpen, Told::Nothing) => self.turn(State::Open { until: now }),
            (State::Closed { .. } | State::Open { .. }, _) => {}
        }
    }

    fn open(&mut self, now: Instant) {
        let until = now + self.rules.rest;
        self.turn(State::Open { until });
    }

    fn turn(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
    }
}

fn closed(now: Instant) -> State {
    State::Closed {
        failures: 0,
        since: now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        failures: 3,
        window: Duration::from_secs(30),
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

        /// After three calls in vain.
        fn opened() -> Self {
            let mut wire = Self::new();
            (0..3).for_each(|_| wire.call(Told::Ill));
            wire
        }
    }

    #[test]
    fn it_opens_after_so_many_in_a_row_and_no_others() {
        let mut wire = Wire::new();
        for told in [
            Told::Ill,
            Told::Ill,
            Told::Well,
            Told::Ill,
            Told::Ill,
            Told::Nothing,
        ] {
            wire.call(told);
        }
        // What was given up is no success, and no failure.
        wire.call(Told::Ill);
        assert_eq!(wire.enter(), Err(Duration::from_secs(5)));
        wire.wait(4);
        assert_eq!(wire.enter(), Err(Duration::from_secs(1)));
    }

    #[test]
    fn failures_long_ago_do_not_count() {
        let mut wire = Wire::new();
        wire.call(Told::Ill);
        wire.wait(15);
        wire.call(Told::Ill);
        wire.wait(16);
        wire.call(Told::Ill);
        wire.call(Told::Ill);
        assert!(wire.enter().is_ok());
        wire.call(Told::Ill);
        assert!(wire.enter().is_err());
    }

    #[test]
    fn after_a_rest_one_call_tells() {
        for (told, closes) in [(Told::Well, true), (Told::Ill, false)] {
            let mut wire = Wire::opened();
            wire.wait(5);
            let probe = wire.enter().unwrap();
            assert_eq!(wire.circuit.state(), State::HalfOpen);
            // All others wait for it.
            assert_eq!(wire.enter(), Err(Duration::from_secs(1)));
            wire.wait(2);
            wire.leave(probe, told);
            match closes {
                true => {
                    // It begins from nothing.
                    wire.call(Told::Ill);
                    wire.call(Told::Ill);
                    assert!(wire.enter().is_ok());
                }
                false => assert_eq!(wire.enter(), Err(Duration::from_secs(5))),
            }
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
        (0..3).for_each(|_| wire.call(Told::Ill));
        wire.leave(early[0], Told::Well);
        assert!(wire.enter().is_err());
        wire.wait(5);
        let probe = wire.enter().unwrap();
        wire.leave(early[1], Told::Ill);
        wire.leave(probe, Told::Well);
        early[2..]
            .iter()
            .for_each(|early| wire.leave(*early, Told::Ill));
        assert!(wire.enter().is_ok());
    }
}
