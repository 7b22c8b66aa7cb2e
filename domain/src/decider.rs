//! The shape of every aggregate: two pure functions.

/// An aggregate as two pure functions: what a command leads to, and what an event changes.
pub trait Decider {
    /// What the decisions stand on; the default is the state before the first event.
    type State: Default;
    /// What may be asked.
    type Command;
    /// What may have happened.
    type Event;
    /// Why a command may be refused.
    type Error;

    /// The events that `command` leads to in `state`. A repeated command leads to none, which is
    /// not an error.
    fn decide(
        state: &Self::State,
        command: &Self::Command,
    ) -> Result<Vec<Self::Event>, Self::Error>;

    /// The state after `event`. Total: what was appended is never refused.
    fn evolve(state: Self::State, event: &Self::Event) -> Self::State;

    /// The state after a whole history.
    fn fold<'a>(events: impl IntoIterator<Item = &'a Self::Event>) -> Self::State
    where
        Self::Event: 'a,
    {
        events
            .into_iter()
            .fold(Self::State::default(), |state, event| {
                Self::evolve(state, event)
            })
    }
}
