//! given / when / then for deciders.

use crate::Decider;
use std::fmt::Debug;

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
