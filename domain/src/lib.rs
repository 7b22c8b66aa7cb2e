//! The rules of the shop, and nothing else.
//!
//! Everything here is pure, synchronous and total: time, randomness, ids and prices come in with
//! the command, and `clippy.toml` forbids to fetch them. So every rule is tested without a
//! database, a clock or a network, and history gives the same answer whenever it is read.
//!
//! # The shape
//!
//! | | question | answer |
//! | --- | --- | --- |
//! | [`Decider::decide`] | what does this command lead to, in this state? | events, or a refusal |
//! | [`Decider::evolve`] | what does this event change? | the next state |
//! | [`policy::Policy::react`] | what follows from this event? | commands, calls and timers |
//!
//! There are seven aggregates, each in a module of the same six files (`command`, `event`, `state`,
//! `decide`, `evolve`, `error`): [`order`], [`stock`], [`payment`], [`shipment`], [`returns`],
//! [`customer`] and [`product`]. [`Command`], [`Event`] and [`State`] are their sums, for those who carry them without knowing what they say. A
//! reservation concerns all SKUs of an order, so it is decided [`across`](stock::across()) several
//! streams; and over the order's as well, since only an order that waits gets stock. So is what is
//! packed and what leaves, [`over`](shipment::over_order) the order's: only for one that is confirmed,
//! and never under a hold. What comes back is decided over the order's too, which says how much of it the
//! customer has; and what was accepted of it goes into the stock [at once](returns::book_in).
//!
//! Four policies make a saga of them, by choreography: [`policy::Inventory`] reserves what was
//! ordered, [`policy::PaymentPolicy`] has it paid, [`policy::Shipping`] has it packed, sent and
//! tracked, and [`policy::OrderPolicy`] confirms, rejects, lets expire, cancels or completes, as stock,
//! payment and shipment turn out.
//!
//! # Rules that all of it keeps
//!
//! - A command that is put again leads to no events, which is not an error.
//! - What was appended is never refused: `evolve` is total, and no arithmetic wraps.
//! - Whatever is kept of the past in a state is bounded, except what still holds something.
//! - The JSON of every event is frozen by a file in `golden/`; a new shape is a new version. A field
//!   that came later may be missing, and is left out where it says nothing.
//! - What is one sum for many is shared out by [`share()`], to the unit, and by nothing else.
//! - Texts and names are checked where they come in, so that what is stored can be shown.
//! - What is personal comes in [`Sealed`], and nothing here could open it: so no event ever says it.
//!
//! # An order, from the first command to the last event
//!
//! ```
//! use domain::{Category, Command, CustomerId, OrderId, Sku, State};
//! use domain::order::{ConfirmOrder, LineTerms, NewLine, OrderCommand, OrderTerms, PlaceOrder};
//!
//! let order_id: OrderId = "0192f000-0000-7000-8000-000000000001".parse()?;
//! let place = PlaceOrder {
//!     order_id,
//!     customer_id: CustomerId::parse("17850")?,
//!     currency: "EUR".parse()?,
//!     lines: vec![NewLine {
//!         sku: Sku::parse("85123A")?,
//!         quantity: 6,
//!         unit_price: 255,
//!         currency: None,
//!         terms: LineTerms::default(),
//!     }],
//!     terms: OrderTerms::default(),
//!     total: Some(1_530),
//!     shipping_address: None,
//!     payment_method: "tok_approve".into(),
//!     reference: None,
//!     placed_at: "2026-01-02T03:04:05Z".parse()?,
//! };
//! let commands = [
//!     Command::Order(order_id, OrderCommand::Place(place)),
//!     Command::Order(order_id, OrderCommand::Confirm(ConfirmOrder)),
//! ];
//!
//! let mut state = State::empty(Category::Order);
//! let mut happened = vec![];
//! for command in &commands {
//!     // One list of events for each stream of the command; an order's has only one.
//!     for event in command.decide(&[&state])?.concat() {
//!         state = state.evolve(&event);
//!         happened.push(event.event_type());
//!     }
//!     assert!(command.decide(&[&state])?.concat().is_empty(), "put again, it leads to nothing");
//! }
//! assert_eq!(happened, ["OrderPlaced", "OrderConfirmed"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod command;
pub mod customer;
mod decider;
mod envelope;
mod event;
mod ids;
mod money;
pub mod order;
pub mod payment;
pub mod policy;
pub mod process;
pub mod product;
mod recent;
mod refusal;
pub mod returns;
mod sealed;
mod share;
pub mod shipment;
mod state;
pub mod stock;
mod stream;
mod tax_rate;
#[cfg(test)]
mod testing;
mod text;

pub use command::{Command, CommandEnvelope};
pub use decider::Decider;
pub use envelope::{Envelope, Recorded};
pub use event::{DecodeError, Event};
pub use ids::{
    Actor, CommandId, CustomerId, EventId, IdError, Location, MAX_PARCELS, OrderId, ReturnId,
    ShipmentId, Sku, TenantId,
};
pub use money::{Currency, Money, MoneyError};
pub use refusal::{Refusal, RefusalKind};
pub use sealed::{Sealed, SealedError};
pub use share::{ShareError, share};
pub use state::State;
pub use stream::{Category, Position, StreamId, StreamIdError, Version};
pub use tax_rate::{TaxRate, TaxRateError};
pub use text::TextError;
