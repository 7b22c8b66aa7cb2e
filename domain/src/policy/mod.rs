//! Policies: what follows from what happened. Together they are the sagas, by choreography.
//!
//! A policy is a pure fold over the events of an order, in the order of all events. The runtime
//! keeps its state and checkpoint, derives the ids of its commands from the event, and so repeats
//! nothing when it sees an event again.
//!
//! A refused command is an answer: what a policy wanted when it saw the event is not wanted any
//! more. That settles every race, since each is decided by the one stream that both sides write to:
//! whether an order is confirmed or expires by the order's, whether an authorization is kept or
//! given back by the payment's.

mod call;
mod inventory;
#[cfg(test)]
mod model;
mod order;
mod payment;
#[cfg(test)]
mod tests;

pub use call::Call;
pub use inventory::{Inventory, InventoryState};
pub use order::{OrderPolicy, OrderPolicyState};
pub use payment::{PaymentPolicy, PaymentPolicyState};

use crate::{Command, OrderId, Recorded};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// What policies may be told by configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// How long stock is reserved for a payment that does not come.
    pub reservation: Duration,
    /// How often a declined payment is tried, at most.
    pub payment_attempts: u32,
    /// When, after a call without an answer, the provider is asked what became of it.
    pub inquiries: Vec<Duration>,
    /// How long a paid order keeps its stock and its payment while a hold is on it.
    pub hold: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            reservation: Duration::minutes(15),
            payment_attempts: 3,
            inquiries: [30, 120, 600, 3_600].map(Duration::seconds).to_vec(),
            hold: Duration::hours(72),
        }
    }
}

/// What a policy wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Reaction {
    /// Put this command now.
    Execute(Command),
    /// Do this later, unless it is called off.
    Schedule(Timer),
    /// Call off what was scheduled under this name for the order.
    Unschedule(TimerName),
    /// Leave this to an operator, for the reason given: it is done when an operator says so, unless
    /// it is called off before.
    Park(Timer, String),
    /// Do this now, outside of the platform.
    Call(Call),
}

/// What a timer is for; an order has at most one of each name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerName {
    /// The time limit of an order that is not confirmed yet: its reservation's, or that of a hold on
    /// what is paid.
    Reservation,
    /// Asking the provider for an unknown outcome.
    Inquiry,
}

impl TimerName {
    /// The name as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reservation => "reservation",
            Self::Inquiry => "inquiry",
        }
    }
}

/// Something that is done later.
#[derive(Debug, Clone, PartialEq)]
pub struct Timer {
    /// What for. A timer of the same name and order is replaced.
    pub name: TimerName,
    /// When.
    pub due: DateTime<Utc>,
    /// What.
    pub task: Task,
}

/// What is done when its time has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Put a command.
    Execute(Command),
    /// Do something outside of the platform.
    Call(Call),
}

/// The time `wait` after `event` was recorded: time limits count from the store's clock.
fn after(event: &Recorded, wait: Duration) -> DateTime<Utc> {
    let recorded = event.envelope.recorded_at;
    recorded
        .checked_add_signed(wait)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// What follows from what happened, for one order at a time.
pub trait Policy: Send + Sync + 'static {
    /// The name that its checkpoint and its commands' ids are kept under; never changed.
    const NAME: &'static str;

    /// What it remembers of an order.
    type State: Default + Clone + Send + Sync + Serialize + DeserializeOwned;

    /// The order that `event` is about, if the policy cares for it.
    fn key(event: &Recorded) -> Option<OrderId>;

    /// What it remembers after `event`, and what is to be done.
    fn react(limits: &Limits, state: Self::State, event: &Recorded)
    -> (Self::State, Vec<Reaction>);
}
