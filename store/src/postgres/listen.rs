//! Hints from other processes.

use super::{connections::Connections, reader::head};
use crate::Signaller;
use domain::Position;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

/// The channel that `append.sql` notifies.
const CHANNEL: &str = "store_head";

/// How long it takes to try again when the connection is lost. Nothing depends on it: whoever waits
/// for a hint also polls.
const RETRY: Duration = Duration::from_secs(1);

/// Turns notifications into hints, for ever.
pub(super) async fn listen(
    options: PgConnectOptions,
    signaller: Signaller,
    connections: Arc<Connections>,
) {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_lazy_with(options);
    loop {
        let Err(error) = session(&pool, &signaller, &connections).await;
        tracing::warn!(%error, "not listening for appends of other processes; trying again");
        sleep(RETRY).await;
    }
}

async fn session(
    pool: &sqlx::PgPool,
    signaller: &Signaller,
    connections: &Connections,
) -> Result<std::convert::Infallible, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        // What was notified while nobody listened.
        match head(connections).await {
            Ok(head) => signaller.hint(head.position),
            Err(error) => tracing::debug!(%error, "the head is not known"),
        }
        while let Some(notification) = listener.try_recv().await? {
            match notification.payload().parse() {
                Ok(position) => signaller.hint(Position::new(position)),
                Err(error) => tracing::warn!(%error, "a notification is not a position"),
            }
        }
    }
}
