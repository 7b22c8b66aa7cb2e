//! Policies: what follows from what happened. Together they are the sagas, by choreography.
//!
//! A policy is a pure fold over the events of an order, in the order of all events. The runtime
//! keeps its state and checkpoint, derives the ids of its commands from the event, and so repeats
//! nothing when it sees an event again.
//!
//! A refused command is an answer: what a policy wanted when it saw the event is not wanted any
//! more. That settles every race, since each is decided by the one stream that both sides write to:
//! whether an order is confirmed or expires by the order's, whether an authorization is kept or
//! given back by the payment's, whether goods leave or are kept by the shipment's.

mod call;
mod inventory;
#[cfg(test)]
mod model;
mod order;
mod payment;
mod shipping;
#[cfg(test)]
mod tests;
mod timer;

pub use call::Call;
pub use inventory::{EPOCH, Inventory, InventoryState};
pub use order::{OrderPolicy, OrderPolicyState};
pub use payment::{Ends, Owed, Parcels, PaymentPolicy, PaymentPolicyState};
pub use shipping::{Backorder, Shipping, ShippingState};
pub use timer::{Task, Timer, TimerName, TimerNameError};

use crate::{
    Command, Location, OrderId, Recorded,
    order::{Awaited, OrderCommand, SetDeadline},
};
use chrono::{DateTime, Duration, Utc};
use serde::{Serialize, de::DeserializeOwned};

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
    /// When, after the provider did not take what a shipment is worth, it is asked again. After the
    /// last time the order is cancelled.
    pub capture_retries: Vec<Duration>,
    /// How long an order waits for somebody to see to what the carrier refused.
    pub shipping_hold: Duration,
    /// When, after a shipment has left, the carrier is asked where it is; the last wait repeats.
    pub tracking: Vec<Duration>,
    /// How often the carrier is asked, at most: then an operator must look.
    pub tracking_times: u32,
    /// How long before what is set aside ends it is set aside anew.
    pub reauthorize: Duration,
    /// How long a confirmed order waits for stock that is still to come: then it is cancelled.
    pub backorders: Duration,
    /// Where stock is looked for, in this order: the first place that has all of an order sends it; where none
    /// has, several may. None is the default place alone.
    pub locations: Vec<Location>,
    /// Whether an order that no place has all of is sent from several: then each SKU from one of them.
    pub split_orders: bool,
    /// How long a return may take to arrive, from when the customer may send it, and again from when the
    /// customer has: then it is cancelled.
    pub returns: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            reservation: Duration::minutes(15),
            payment_attempts: 3,
            inquiries: [30, 120, 600, 3_600].map(Duration::seconds).to_vec(),
            hold: Duration::hours(72),
            capture_retries: [1, 12, 24].map(Duration::hours).to_vec(),
            shipping_hold: Duration::hours(72),
            tracking: [4, 12, 24].map(Duration::hours).to_vec(),
            tracking_times: 60,
            reauthorize: Duration::hours(24),
            backorders: Duration::days(30),
            locations: vec![],
            split_orders: true,
            returns: Duration::days(30),
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

/// Something that is done for each policy, whatever it is.
pub trait ForEachPolicy {
    /// Does it for `P`.
    fn policy<P: Policy>(&mut self);
}

/// Does `work` for each policy there is. This is the list of them: what runs them, and what proves them,
/// goes by it.
pub fn for_each_policy(work: &mut impl ForEachPolicy) {
    work.policy::<Inventory>();
    work.policy::<PaymentPolicy>();
    work.policy::<OrderPolicy>();
    work.policy::<Shipping>();
}

/// The time `wait` after `event` was recorded: time limits count from the store's clock.
fn after(event: &Recorded, wait: Duration) -> DateTime<Utc> {
    let recorded = event.envelope.recorded_at;
    recorded
        .checked_add_signed(wait)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Tells the order until when something is waited for: what is settled here is settled for whoever looks,
/// whatever the settings are by then.
fn deadline(order_id: OrderId, what: Awaited, of: impl ToString, until: DateTime<Utc>) -> Reaction {
    let of = of.to_string();
    let command = OrderCommand::SetDeadline(SetDeadline { what, of, until });
    Reaction::Execute(Command::Order(order_id, command))
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
