//! Opaque texts that clients hand back: consistency tokens and sealed cursors.

mod consistency;
mod signer;

pub use consistency::{ConsistencyToken, InvalidToken};
pub use signer::{SealBroken, Signer};
