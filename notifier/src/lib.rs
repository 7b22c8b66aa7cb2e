//! Tells others what happened to orders: webhooks to whoever asked for them, e-mail to customers.
//!
//! | | |
//! | --- | --- |
//! | [`notice`](Notice) | what an event is told as: pure |
//! | `reader` | reads the events after a checkpoint of its own, and records deliveries with it |
//! | `dispatch` | makes the deliveries that are due, each at least once |
//! | `webhook` | Standard Webhooks: signed, to addresses that everybody can reach |
//! | `email` | over SMTP, to addresses that are looked up when it is sent |
//! | `storage` | endpoints, secrets, deliveries: the schema `notify` |
//! | `api` | `/v1/webhooks`, `/v1/emails`, and the same over gRPC |
//!
//! What fails here compensates nothing: it is tried again as a schedule says, and then an operator must
//! look.

mod api;
mod dispatch;
mod email;
mod error;
mod key;
mod notice;
mod reader;
mod schedule;
mod service;
mod status;
mod storage;
mod telemetry;
#[cfg(test)]
mod testing;
mod upkeep;
mod webhook;

pub use api::{SERVICES, openapi};
pub use error::NotifyError;
pub use notice::{BODY_VERSION, Notice, NoticeKind};
pub use service::{NotifierParts, open_store, start};
pub use status::PartStatus;
pub use storage::NotifyStore;
pub use webhook::{AddressError, Answered, Message, Reach, WebhookSecret, WebhookSender};
