//! How bad a run is: drawn from the seed, so that runs differ in kind and not only in detail.

use super::dice::Dice;
use std::{ops::RangeInclusive, time::Duration};

/// How often what goes wrong; rates are in 10,000.
#[derive(Debug, Clone)]
pub(super) struct Faults {
    /// A process crashes at an await.
    pub crash: u32,
    /// A process stands still for longer than a lease lasts.
    pub pause: u32,
    /// An answer takes its time.
    pub slow: u32,
    /// How long, at most.
    pub slow_ms: u64,
    /// A call is refused, and nothing is done.
    pub refused: u32,
    /// The connection breaks before the call gets there.
    pub lost_request: u32,
    /// The connection breaks after the call got there.
    pub lost_answer: u32,
    /// The connection breaks, and the call gets there much later.
    pub late: u32,
    /// How much later, at most.
    pub late_ms: u64,
    /// A hint of new events is lost.
    pub lost_hint: u32,
    /// The broker loses its connections, messages, or all.
    pub broker: u32,
    /// The database of the sagas and the read models crashes, and loses what it had not written to
    /// disk yet.
    pub database: u32,
    /// The provider's answer is lost, or the request is.
    pub provider: u32,
    /// The same of the carrier's.
    pub carrier: u32,
    /// The carrier takes a shipment not at all, or loses it, or brings it back.
    pub shipping: u32,
    /// How long a process lives before it is stopped or killed from outside; not at all if none.
    pub life_ms: Option<RangeInclusive<u64>>,
    /// How far a process's clock may be off, in milliseconds.
    pub skew_ms: i64,
    /// How long stock is reserved, in seconds: the inquiries into a payment end after that, or
    /// before.
    pub reservation_s: u64,
    /// How long a paid order is kept under a hold, in seconds.
    pub hold_s: u64,
}

/// The longest that a process stands still.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(8);

impl Faults {
    /// Each kind of fault is absent, rare or frequent, by itself.
    pub(super) fn draw(dice: &Dice) -> Self {
        let rate = |rare: u32, frequent: u32| dice.of(&[0, rare, frequent]);
        Self {
            crash: rate(5, 40),
            pause: rate(2, 10),
            slow: rate(500, 3_000),
            slow_ms: dice.of(&[20, 400, 1_500]),
            refused: rate(50, 400),
            lost_request: rate(50, 400),
            lost_answer: rate(50, 600),
            late: rate(50, 400),
            late_ms: dice.of(&[200, 6_000]),
            lost_hint: rate(1_000, 9_000),
            broker: rate(100, 1_000),
            database: rate(1_000, 8_000),
            provider: rate(300, 2_000),
            carrier: rate(300, 2_000),
            shipping: rate(500, 3_000),
            life_ms: dice.of(&[None, Some(5_000..=60_000), Some(500..=15_000)]),
            skew_ms: dice.of(&[0, 200, 2_000]),
            reservation_s: dice.of(&[15, 90]),
            hold_s: dice.of(&[5, 40]),
        }
    }
}

/// What becomes of one call over a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is done and answered.
    Done,
    /// It is refused, and nothing is done.
    Refused,
    /// It never gets there, and nobody knows.
    LostRequest,
    /// It gets there, but the connection breaks before it is answered: what is not done at once is
    /// not done at all.
    LostAnswer,
    /// It gets there later, and whoever called waits no longer.
    Late(Duration),
    /// It gets there later, even if whoever called is dead by then.
    Slow(Duration),
}

impl Fate {
    /// A name to count it by.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Done => "call done",
            Self::Refused => "call refused",
            Self::LostRequest => "request lost",
            Self::LostAnswer => "answer lost",
            Self::Late(_) => "call late",
            Self::Slow(_) => "call slow",
        }
    }
}

impl Faults {
    /// What becomes of a call.
    pub(super) fn fate(&self, dice: &Dice) -> Fate {
        if dice.happens(self.refused) {
            Fate::Refused
        } else if dice.happens(self.lost_request) {
            Fate::LostRequest
        } else if dice.happens(self.lost_answer) {
            Fate::LostAnswer
        } else if dice.happens(self.late) {
            match dice.below(2) {
                0 => Fate::Late(dice.millis(1..=self.late_ms)),
                _ => Fate::Slow(dice.millis(1..=self.late_ms)),
            }
        } else {
            Fate::Done
        }
    }
}
