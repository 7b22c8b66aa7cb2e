//! What nobody needs any more, of rebuilds that were interrupted and of those that are long done.

use super::{RebuildError, site::Site};
use crate::{
    projection::Projection,
    row::Row,
    storage::{PostgresReadModels, postgres::of},
};
use sqlx::postgres::types::PgInterval;
use std::time::Duration;

/// Removes what an interrupted rebuild of `P` left, and what is kept for a rollback for longer than `keep`. A
/// rebuild that is under way is left alone.
pub(crate) async fn tidy<P: Projection>(
    models: &PostgresReadModels,
    keep: Duration,
) -> Result<(), RebuildError> {
    let keep = PgInterval {
        months: 0,
        days: 0,
        microseconds: i64::try_from(keep.as_micros()).unwrap_or(i64::MAX),
    };
    // Without the rebuild's lock, which is only taken where there is something to be done.
    let (unfinished, stale): (bool, bool) = sqlx::query_as(include_str!("tidy.sql"))
        .bind(P::NAME)
        .bind(P::Row::TABLE)
        .bind(keep)
        .fetch_one(models.pool())
        .await
        .map_err(of("looking what rebuilds have left"))?;
    if !unfinished && !stale {
        return Ok(());
    }
    let mut site = match Site::open::<P>(models.pool()).await {
        Ok(site) => site,
        // What looks unfinished is under way.
        Err(RebuildError::UnderWay(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    let tidied = async {
        if unfinished {
            site.clear().await?;
            tracing::info!(
                projection = P::NAME,
                "what an interrupted rebuild of {} left is removed",
                P::NAME
            );
        }
        if stale && site.forget().await? {
            tracing::info!(
                projection = P::NAME,
                "what was replaced of {} is forgotten: there is no rollback any more",
                P::NAME
            );
        }
        Ok(())
    };
    let tidied = tidied.await;
    site.close().await;
    tidied
}
