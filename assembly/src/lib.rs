//! From settings to a running process: what every service needs of store and bus, and the frame
//! that its `main` runs in.
//!
//! The rooms below know nothing of settings, and the services nothing of each other; here is what
//! they would otherwise each write again.

mod calls;
mod connections;
mod documentation;
mod events;
mod lane;
mod needs;
mod patience;
mod personal;
mod process;
mod transfer;

pub use calls::calls;
pub use connections::connections_beside;
pub use documentation::documentation;
pub use events::{Events, open_feed, open_needed_feed, open_reader, open_store, start_relay};
pub use lane::start_lane;
pub use needs::needs_store;
pub use patience::patiently;
pub use personal::{name_vault, prepare_vault, watch_keys};
pub use process::{Process, run_to_exit, service_main};
pub use transfer::{open_backup_source, open_restore_target};
