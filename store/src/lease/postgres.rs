//! Leases in the store's database, by its clock.

use super::{Lease, Leases};
use crate::{
    StoreError,
    postgres::{Connections, of_encoding},
};
use async_trait::async_trait;
use sqlx::{
    Arguments, Row,
    error::BoxDynError,
    postgres::{PgArguments, types::PgInterval},
};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// Leases in the table `store.lease`.
#[derive(Clone)]
pub struct PostgresLeases(Arc<Connections>);

impl PostgresLeases {
    pub(crate) const fn new(connections: Arc<Connections>) -> Self {
        Self(connections)
    }

    /// Executes one of the statements; they all return the epoch if they have done something.
    async fn execute(
        &self,
        sql: &'static str,
        arguments: Result<PgArguments, BoxDynError>,
    ) -> Result<Option<i64>, StoreError> {
        let arguments = arguments.map_err(of_encoding)?;
        let rows = self.0.fetch(sql, arguments).await?;
        let epoch = rows.first().map(|row| row.try_get(0)).transpose();
        epoch.map_err(|error| StoreError::Corrupt {
            table: "store.lease",
            column: "epoch",
            row: "a lease".into(),
            detail: error.to_string(),
        })
    }
}

#[async_trait]
impl Leases for PostgresLeases {
    async fn acquire(
        &self,
        name: &str,
        holder: Uuid,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let arguments = || {
            let mut arguments = PgArguments::default();
            arguments.add(name)?;
            arguments.add(holder)?;
            arguments.add(interval(ttl)?)?;
            Ok(arguments)
        };
        let epoch = self
            .execute(include_str!("acquire.sql"), arguments())
            .await?;
        Ok(epoch.map(|epoch| Lease {
            name: name.to_owned(),
            holder,
            epoch,
        }))
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<bool, StoreError> {
        let arguments = || {
            let mut arguments = identify(lease)?;
            arguments.add(interval(ttl)?)?;
            Ok(arguments)
        };
        let renewed = self.execute(include_str!("renew.sql"), arguments()).await?;
        Ok(renewed.is_some())
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.execute(include_str!("release.sql"), identify(lease))
            .await?;
        Ok(())
    }
}

fn identify(lease: &Lease) -> Result<PgArguments, BoxDynError> {
    let mut arguments = PgArguments::default();
    arguments.add(lease.name.as_str())?;
    arguments.add(lease.holder)?;
    arguments.add(lease.epoch)?;
    Ok(arguments)
}

/// A duration as the server takes it: whole microseconds.
fn interval(ttl: Duration) -> Result<PgInterval, BoxDynError> {
    Ok(PgInterval {
        months: 0,
        days: 0,
        microseconds: i64::try_from(ttl.as_micros())?,
    })
}
