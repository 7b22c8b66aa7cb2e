//! Webhooks out, as Standard Webhooks has them.

mod address;
mod deliver;
mod resolver;
mod secret;
mod send;

pub use address::{AddressError, Reach};
pub(crate) use deliver::Webhooks;
pub use secret::WebhookSecret;
pub(crate) use secret::place;
pub use send::{Answered, Message, WebhookSender};
