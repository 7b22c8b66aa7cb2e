//! What provider and carrier say by themselves: before their answers and after them, twice, late, and out of
//! order. It is signed and named by them, so that each event is one command.

use super::{clients, world::World};
use domain::{Actor, Command, CommandEnvelope, CommandId, Position, TenantId};
use std::sync::Arc;
use store::{Clock, EventReader};
use tokio::time::sleep;
use uuid::Uuid;

/// The namespace of the ids of such commands.
const SAID: Uuid = Uuid::from_u128(0x51b0_6d0e_7c1b_4a57_9a3a_7d5f_20c4_e6b1);

/// Something that was said: what the speaker calls it, and what it means to us.
pub(super) struct Said {
    pub event: String,
    pub command: Command,
}

/// Tells the platform of this and that, until the run calms down.
pub(super) async fn tell(world: Arc<World>) {
    while !world.is_calm() {
        sleep(world.dice.millis(50..=2_000)).await;
        match world.dice.below(12) {
            0 => world.ledger.dispute(&world.dice),
            1 => {
                world.ledger.settle(&world.dice);
            }
            2 | 3 => world.ledger.act(&world.dice),
            _ => {}
        }
        let said = match world.dice.below(2) {
            0 => world.ledger.says(&world.dice),
            _ => world.waybills.says(&world),
        };
        if let Some(said) = said {
            world.count(speaker(&said.command).1);
            clients::put(&world, envelope(&world, said)).await;
        }
    }
}

/// Every dispute is settled, and all that the provider has to say is said until it is heard: what is given
/// back must wait for it.
pub(super) async fn settle(world: &Arc<World>) {
    while world.ledger.settle(&world.dice) {}
    for said in world.ledger.all_said() {
        let envelope = envelope(world, said);
        while !clients::put(world, envelope.clone()).await {}
    }
}

/// All of it is told once more, long after: that changes nothing.
pub(super) async fn all_again(world: &Arc<World>) -> Result<(), String> {
    let before = head(world).await?;
    let said = world.ledger.all_said().into_iter();
    for said in said.chain(world.waybills.all_said(world)) {
        let event = said.event.clone();
        // Under another name, so that it is looked at anew.
        let again = Said {
            event: format!("{event}, again"),
            ..said
        };
        clients::put(world, envelope(world, again)).await;
        if head(world).await? != before {
            return Err(format!(
                "{event}, said when all was known, changes something"
            ));
        }
    }
    Ok(())
}

async fn head(world: &World) -> Result<Position, String> {
    let head = world.store.head().await;
    head.map(|head| head.position)
        .map_err(|error| error.to_string())
}

/// Who says something, and what that is counted as.
const fn speaker(command: &Command) -> (&'static str, &'static str) {
    match command {
        Command::Payment(..) => ("payment-provider", "provider speaks"),
        _ => ("carrier", "carrier speaks"),
    }
}

fn envelope(world: &World, said: Said) -> CommandEnvelope {
    let id = Uuid::new_v5(&SAID, said.event.as_bytes());
    let (speaker, _) = speaker(&said.command);
    CommandEnvelope {
        id: CommandId::new(id),
        fingerprint: None,
        tenant: TenantId::default(),
        actor: Actor::parse(speaker).expect("a plain word"),
        correlation_id: id,
        causation_id: None,
        traceparent: None,
        occurred_at: world.clock.now(),
        expected: None,
        command: said.command,
    }
}
