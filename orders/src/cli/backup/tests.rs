//! A restore with keys of somebody who was erased, in a real PostgreSQL.

use super::*;
use backup::Unwatched;
use chrono::Utc;
use domain::{
    Actor, CommandId, CustomerId, Event, StreamId, TenantId, Version,
    customer::{CustomerErased, CustomerEvent},
};
use servers::SharedPostgres;
use std::{error::Error, sync::Arc};
use store::{
    Answer, Append, EventReader, EventStore, MemoryStore, NewEvent, StreamAppend, SystemClock,
};
use uuid::Uuid;
use vault::{KeyId, KeyState, KeyStore, NewKey, PostgresKeys};

fn memory() -> MemoryStore {
    MemoryStore::new(Arc::new(SystemClock), Uuid::now_v7())
}

fn with_keys_in(url: &str) -> Result<Settings, Box<dyn Error>> {
    let set = [("ORDERS__PERSONAL_DATA__URL".into(), url.into())];
    Ok(Settings::load_from(None, set)?)
}

#[tokio::test]
async fn nobody_sees_a_store_with_the_keys_of_who_is_erased() -> Result<(), Box<dyn Error>> {
    let tenant = TenantId::default();
    let id = |name: &str| -> Result<KeyId, Box<dyn Error>> {
        Ok(KeyId {
            tenant: TenantId::default(),
            customer_id: CustomerId::parse(name)?,
        })
    };
    let (gone, stays) = (id("17850")?, id("17851")?);
    let command_id = CommandId::new(Uuid::now_v7());
    let erased = Event::Customer(CustomerEvent::from(CustomerErased {
        customer_id: gone.customer_id.clone(),
    }));
    let store = memory();
    let append = Append {
        command_id,
        fingerprint: None,
        tenant: tenant.clone(),
        actor: Actor::parse("test")?,
        correlation_id: command_id.uuid(),
        causation_id: None,
        traceparent: None,
        occurred_at: Utc::now(),
        streams: vec![StreamAppend {
            stream: StreamId::customer(&tenant, &gone.customer_id),
            expected: Version::ZERO,
            events: vec![NewEvent::of(command_id, 0, &erased)],
        }],
        answer: Answer::Accepted,
    };
    store.append(&[append]).await?;
    let directory = tempfile::tempdir()?;
    let name = directory.path().to_str().ok_or("the path is no text")?;
    let target = open(name, true)?;
    back_up(&store, &target, &BackupOptions::default(), &mut Unwatched).await?;

    // Where the keys cannot be erased, the store stays empty.
    let into = memory();
    let settings = with_keys_in("postgres://nobody@127.0.0.1:1/nothing")?;
    assert!(bring_back(&settings, &target, &into, false).await.is_err());
    assert_eq!(into.head().await?.position.get(), 0);

    let database = SharedPostgres::database().await?;
    vault::migrate(database.url()).await?;
    let keys = PostgresKeys::new(database.url())?;
    let new = |id: &KeyId| NewKey {
        id: id.clone(),
        master: "test".to_owned(),
        wrapped: vec![1; 60],
    };
    keys.find_or_make(vec![new(&gone), new(&stays)]).await?;
    bring_back(&with_keys_in(database.url())?, &target, &into, false).await?;
    assert_eq!(into.head().await?.position.get(), 1);
    for row in keys.find(&[gone.clone(), stays]).await? {
        assert_eq!(row.state == KeyState::Erased, row.id == gone);
    }
    Ok(())
}
