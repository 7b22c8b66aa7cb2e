//! Sagas by choreography: policies over events, durable timers, and calls to participants.
//!
//! Policies are pure and live in the domain. This room makes them run: each from its own durable
//! checkpoint, with command ids that are derived from the event, so that redelivery and crashes
//! repeat nothing. Calls to the outside are written ahead and carry a key minted before them.

pub mod carrier;
mod participant;
mod participants;
pub mod provider;
pub mod runtime;
mod service;
mod settle;
mod status;
pub mod storage;
mod telemetry;

pub use participant::CircuitState;
pub use participants::{limits, participants};
pub use service::{SagaParts, open_storage, start};
pub use settle::settled;
pub use status::{PartStatus, ParticipantStatus, Status, router};
