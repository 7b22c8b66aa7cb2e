//! Hints from other processes.

use super::{connections::Connections, reader::head};
use crate::Signaller;
use domain::Position;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use std::{sync::Arc, time::Duration};
use tokio::time::{sleep, timeout};

/// The channel that `append.sql` notifies.
const CHANNEL: &str = "store_head";

/// How long it takes to try again when the connection is lost. Nothing depends on it: whoever waits
/// for a hint also polls.
const RETRY: Duration = Duration::from_secs(1);

/// How long nothing may be heard before the server is asked for a sign of life: a connection whose
/// other end is gone without a word is silent for ever.
const SILENCE: Duration = Duration::from_secs(5);

/// How long the server may take to give one.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why nothing is heard for now.
#[derive(Debug, thiserror::Error)]
enum Deaf {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error("the server gives no sign of life")]
    Silent(#[from] tokio::time::error::Elapsed),
}

/// Turns notifications into hints, for ever.
pub(super) async fn listen(
    options: PgConnectOptions,
    signaller: Signaller,
    connections: Arc<Connections>,
) {
    loop {
        let Err(error) = session(options.clone(), &signaller, &connections).await;
        tracing::warn!(%error, "not listening for appends of other processes; trying again");
        sleep(RETRY).await;
    }
}

async fn session(
    options: PgConnectOptions,
    signaller: &Signaller,
    connections: &Connections,
) -> Result<std::convert::Infallible, Deaf> {
    // A pool for each session: one that ended in silence may hold its connection for long.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_lazy_with(options);
    let mut listener = timeout(PATIENCE, PgListener::connect_with(&pool)).await??;
    timeout(PATIENCE, listener.listen(CHANNEL)).await??;
    loop {
        // What was notified while nobody listened.
        match head(connections).await {
            Ok(head) => signaller.hint(head.position),
            Err(error) => tracing::debug!(%error, "the head is not known"),
        }
        loop {
            match timeout(SILENCE, listener.try_recv()).await {
                Ok(heard) => match heard?.map(|it| it.payload().parse()) {
                    Some(Ok(position)) => signaller.hint(Position::new(position)),
                    Some(Err(error)) => {
                        tracing::warn!(%error, "a notification is not a position");
                    }
                    // Connected anew.
                    None => break,
                },
                Err(_) => {
                    timeout(PATIENCE, sqlx::query("SELECT").execute(&mut listener)).await??;
                }
            }
        }
    }
}
