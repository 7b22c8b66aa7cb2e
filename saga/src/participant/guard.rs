//! Keeps a participant that is ill, or slow, from taking the platform along.
//!
//! A call that is refused here was not made: whoever wanted it puts it off, and it is no attempt.

use super::{CallError, CircuitState};
use crate::telemetry;
use chassis::circuit::{Circuit, Rules, SOON, Ticket, Told};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout},
};

/// When a participant is not called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardOptions {
    /// After so many calls to which it gave no answer, or one of 500 to 599, it is left alone, if one
    /// more comes to the same. What it refuses counts as an answer.
    pub failures: u32,
    /// And if those are so many of a hundred: slow cards alone are no trouble of its own.
    pub share: u32,
    /// Of the calls that ended within this time; three times as long as one is waited for, at least.
    pub window: Duration,
    /// Or after nothing else came of calls for so long, however few they were.
    pub silence: Duration,
    /// For how long it is left alone, before one call tells whether it is back.
    pub rest: Duration,
    /// The most calls at once. One more waits as long as it would for the answer.
    pub concurrency: usize,
}

impl Default for GuardOptions {
    fn default() -> Self {
        Self {
            failures: 10,
            share: 50,
            window: Duration::from_secs(30),
            silence: Duration::from_secs(20),
            rest: Duration::from_secs(5),
            concurrency: 64,
        }
    }
}

/// Guards the calls to one participant.
#[derive(Debug)]
pub(super) struct Guard {
    /// What metrics call it.
    name: &'static str,
    /// What sentences call it.
    who: &'static str,
    circuit: Mutex<Circuit>,
    slots: Semaphore,
    patience: Duration,
    rest: Duration,
}

/// A call under way.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    guard: &'a Guard,
    ticket: Ticket,
    told: Told,
    _slot: SemaphorePermit<'a>,
}

impl Guard {
    /// A guard that lets a call wait so long for its turn.
    pub(super) fn new(
        name: &'static str,
        who: &'static str,
        options: &GuardOptions,
        patience: Duration,
    ) -> Self {
        let rules = Rules {
            failures: options.failures.max(1),
            share: options.share.clamp(1, 100),
            // Or calls that are waited for in vain would be forgotten before there are enough.
            window: options.window.max(patience * 3),
            // One call in vain is one, however long it takes.
            silence: options.silence.max(Duration::from_millis(1)),
            rest: options.rest,
        };
        let most = options.concurrency.clamp(1, Semaphore::MAX_PERMITS);
        let guard = Self {
            name,
            who,
            circuit: Mutex::new(Circuit::new(rules, Instant::now())),
            slots: Semaphore::new(most),
            patience,
            rest: options.rest,
        };
        telemetry::circuit(name, CircuitState::Closed);
        guard
    }

    /// Whether the participant is called.
    pub(super) fn state(&self) -> CircuitState {
        self.circuit().state()
    }

    /// For how long calls to the participant have come to nothing, if it is away.
    pub(super) fn away(&self) -> Option<Duration> {
        self.circuit().away(Instant::now())
    }

    /// How long it is of no use to ask once more for what the participant, which is away, was just asked
    /// in vain; none if it is not away.
    pub(super) fn rests(&self) -> Option<Duration> {
        self.away().map(|_| self.rest.max(SOON))
    }

    /// Lets a call through, now or in its turn.
    pub(super) async fn enter(&self) -> Result<Pass<'_>, CallError> {
        // Nobody waits for a turn that will not come.
        let refused = self.circuit().refuses(Instant::now());
        refused.map_or(Ok(()), |wait| Err(self.left_alone(wait)))?;
        let Ok(Ok(slot)) = timeout(self.patience, self.slots.acquire()).await else {
            telemetry::call_refused(self.name, "busy");
            return Err(CallError::Deferred {
                problem: format!("too many calls to {} are under way", self.who),
                wait: SOON,
            });
        };
        let ticket = self.change(|circuit, now| circuit.enter(now));
        let ticket = ticket.map_err(|wait| self.left_alone(wait))?;
        Ok(Pass {
            guard: self,
            ticket,
            told: Told::Nothing,
            _slot: slot,
        })
    }

    fn left_alone(&self, wait: Duration) -> CallError {
        telemetry::call_refused(self.name, "circuit");
        CallError::Deferred {
            problem: format!("{} did not answer lately, and is left alone", self.who),
            wait,
        }
    }

    /// Changes the circuit, and tells who is interested.
    fn change<T>(&self, change: impl FnOnce(&mut Circuit, Instant) -> T) -> T {
        let mut circuit = self.circuit();
        let before = circuit.state();
        let changed = change(&mut circuit, Instant::now());
        let after = circuit.state();
        if before != after {
            // Under the lock, so that the last word is the last.
            telemetry::circuit(self.name, after);
            match (before, after) {
                (CircuitState::HalfOpen, CircuitState::Open) => {
                    tracing::warn!(
                        participant = self.name,
                        "{} does not answer, and is left alone",
                        self.who
                    );
                }
                (_, CircuitState::Closed) => {
                    tracing::info!(participant = self.name, "{} answers again", self.who);
                }
                _ => {}
            }
        }
        changed
    }

    /// Nothing under this lock panics half-way through a change.
    fn circuit(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// The call has ended, and the participant is well or not.
    pub(super) fn end(mut self, well: bool) {
        self.told = match well {
            true => Told::Well,
            false => Told::Ill,
        };
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let (ticket, told) = (self.ticket, self.told);
        self.guard
            .change(|circuit, now| circuit.leave(ticket, told, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{advance, sleep};

    fn guard(concurrency: usize) -> Guard {
        let options = GuardOptions {
            failures: 2,
            concurrency,
            ..GuardOptions::default()
        };
        Guard::new("payment", "the provider", &options, Duration::from_secs(10))
    }

    fn wait(refused: Result<Pass<'_>, CallError>) -> (String, Duration) {
        match refused {
            Err(CallError::Deferred { problem, wait }) => (problem, wait),
            other => panic!("it is deferred: {other:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_participant_that_is_ill_is_left_alone_and_then_asked_once() {
        let guard = guard(8);
        for _ in 0..3 {
            guard.enter().await.unwrap().end(false);
        }
        assert_eq!(guard.state(), CircuitState::Open);
        let (problem, rest) = wait(guard.enter().await);
        assert_eq!(
            problem,
            "the provider did not answer lately, and is left alone"
        );
        assert_eq!(rest, Duration::from_secs(5));
        advance(rest).await;
        let probe = guard.enter().await.unwrap();
        assert_eq!(wait(guard.enter().await).1, SOON);
        probe.end(true);
        guard.enter().await.unwrap().end(true);
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_is_dropped_keeps_nobody_out() {
        let guard = guard(8);
        for _ in 0..3 {
            guard.enter().await.unwrap().end(false);
        }
        advance(Duration::from_secs(5)).await;
        drop(guard.enter().await.unwrap());
        guard.enter().await.unwrap().end(true);
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_calls_are_under_way_at_once_and_others_wait_their_turn() {
        let guard = guard(2);
        let (first, _second) = (guard.enter().await.unwrap(), guard.enter().await.unwrap());
        let began = Instant::now();
        let (problem, soon) = wait(guard.enter().await);
        assert_eq!(problem, "too many calls to the provider are under way");
        assert_eq!((began.elapsed(), soon), (Duration::from_secs(10), SOON));

        let (entered, ()) = tokio::join!(guard.enter(), async {
            sleep(Duration::from_secs(9)).await;
            first.end(true);
        });
        entered.unwrap().end(true);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_its_turn_does_not_call_when_the_circuit_has_opened() {
        let guard = guard(2);
        let calls = [guard.enter().await.unwrap(), guard.enter().await.unwrap()];
        // Polled in this order.
        let ((), others, ()) = futures::join!(
            async { guard.enter().await.unwrap().end(false) },
            async { [guard.enter().await, guard.enter().await] },
            async {
                sleep(Duration::from_secs(1)).await;
                calls.into_iter().for_each(|call| call.end(false));
            }
        );
        for refused in others {
            assert_eq!(wait(refused).1, Duration::from_secs(5));
        }
        // Its turn is another's.
        advance(Duration::from_secs(5)).await;
        guard.enter().await.unwrap().end(true);
        let _both = (guard.enter().await.unwrap(), guard.enter().await.unwrap());
    }
}
