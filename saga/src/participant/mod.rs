//! What the calls to every participant have in common, whatever it is asked.

mod caller;
mod guard;
pub(crate) mod http;

pub(crate) use caller::called_by;
pub use chassis::circuit::CircuitState;
pub use guard::GuardOptions;
pub use http::InvalidParticipant;

use std::time::Duration;

/// How long to wait for what may be over in a moment.
pub(crate) const SOON: Duration = Duration::from_secs(1);

/// Why a call has no outcome.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CallError {
    /// It may or may not have been done; asking for it tells.
    #[error("{0}")]
    Unknown(String),
    /// It was not taken, or is still being done: the same call later, under the same key, tells.
    #[error("{0}")]
    Later(String),
    /// It never got there, as nobody could be reached. It is no attempt, and the same call later, under
    /// the same key, is the first that anybody hears of it.
    #[error("{0}")]
    Unreached(String),
    /// It was not made, as too many before it came to nothing, or are still under way. It is no
    /// attempt: nobody out there was asked.
    #[error("{problem}")]
    Deferred {
        /// Why it was not made.
        problem: String,
        /// For how long it is of no use to ask again.
        wait: Duration,
    },
    /// The participant knows nothing of it.
    #[error("nothing is known of it there")]
    NotFound,
    /// The participant refused it, and will go on refusing. The participant's code.
    #[error("it was refused: {0}")]
    Refused(String),
}
