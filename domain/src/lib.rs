//! The rules of the shop, and nothing else.
//!
//! Everything here is pure, synchronous and total: time, randomness, ids and prices come in with
//! the command. An aggregate is a [`Decider`]; a saga step is a [`policy::Policy`]; what they
//! exchange are [`Command`]s and [`Event`]s. The JSON of every event is frozen by golden files.

mod command;
mod decider;
mod envelope;
mod event;
mod ids;
mod money;
pub mod order;
pub mod payment;
pub mod policy;
mod recent;
mod refusal;
mod state;
pub mod stock;
mod stream;
#[cfg(test)]
mod testing;
mod text;

pub use command::{Command, CommandEnvelope};
pub use decider::Decider;
pub use envelope::{Envelope, Recorded};
pub use event::{DecodeError, Event};
pub use ids::{Actor, CommandId, CustomerId, EventId, IdError, Location, OrderId, Sku, TenantId};
pub use money::{Currency, Money, MoneyError};
pub use refusal::{Refusal, RefusalKind};
pub use state::State;
pub use stream::{Category, Position, StreamId, StreamIdError, Version};
pub use text::TextError;
