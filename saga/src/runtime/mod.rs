//! What makes policies run: over events for what follows at once, over tasks for the rest.

mod books;
mod calls;
mod error;
mod outcome;
mod parking;
mod perform;
mod plan;
mod policy;
mod remembered;
mod spans;
mod spread;
mod tasks;

pub use calls::Participants;
pub use error::RunError;
pub use policy::{PolicyOptions, PolicyRunner};
pub use tasks::{TaskOptions, TaskRunner};

use crate::storage::Context;
use chrono::{DateTime, Utc};
use domain::{Actor, Command, CommandEnvelope, CommandId};
use std::sync::Arc;

/// Is told whenever a runner has got on, or found that there is nothing to do.
pub type Progress = Arc<dyn Fn() + Send + Sync>;

/// The envelope of a command that a policy, a timer or a participant sends.
fn envelope(
    id: CommandId,
    actor: Actor,
    context: &Context,
    occurred_at: DateTime<Utc>,
    command: Command,
) -> CommandEnvelope {
    CommandEnvelope {
        id,
        fingerprint: None,
        tenant: context.tenant.clone(),
        actor,
        correlation_id: context.correlation_id,
        causation_id: Some(context.causation_id),
        traceparent: context.traceparent.clone(),
        occurred_at,
        expected: None,
        command,
    }
}

/// Who a runtime acts as: `policy:inventory`, `timer:reservation`, `participant:payment`.
fn actor(kind: &str, name: &str) -> Actor {
    Actor::parse(&format!("{kind}:{name}")).expect("names of policies and timers are plain words")
}
