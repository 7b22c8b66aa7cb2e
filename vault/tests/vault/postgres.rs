//! The table of keys, under several processes at once.

use domain::{CustomerId, OrderId, TenantId, order::Address};
use servers::{SharedPostgres, TestDatabase};
use sqlx::{Connection, PgConnection};
use std::{collections::BTreeSet, sync::Arc};
use uuid::Uuid;
use vault::{CacheOptions, KeyId, MasterKeys, Opened, PostgresKeys, Vault, VaultError};

/// A process's vault.
async fn process(database: &TestDatabase) -> Vault {
    vault::migrate(database.url()).await.unwrap();
    let keys = PostgresKeys::new(database.url()).unwrap();
    let masters = MasterKeys::parse(&"1".repeat(64), None).unwrap();
    let vault = Vault::new(Arc::new(keys), masters, CacheOptions::default());
    vault.check().await.unwrap();
    vault
}

fn address() -> Address {
    Address {
        name: Some("Ada Lovelace".into()),
        lines: vec!["1 Main Street".into()],
        city: None,
        postal_code: None,
        country: "DE".into(),
    }
}

fn customer(n: usize) -> CustomerId {
    CustomerId::parse(&format!("customer-{n}")).unwrap()
}

fn id(n: usize) -> KeyId {
    KeyId {
        tenant: TenantId::default(),
        customer_id: customer(n),
    }
}

fn order() -> OrderId {
    OrderId::new(Uuid::from_u128(1))
}

async fn seal(vault: &Vault, n: usize) -> Result<domain::Sealed, VaultError> {
    let tenant = TenantId::default();
    vault
        .seal_address(&tenant, &customer(n), order(), &address())
        .await
}

async fn open(vault: &Vault, n: usize, sealed: &domain::Sealed) -> Opened<Address> {
    let (tenant, customer) = (TenantId::default(), customer(n));
    let opened = vault.open_address(&tenant, &customer, order(), sealed);
    opened.await.unwrap()
}

/// Each process would make a key of its own; all get the first one's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_make_one_key_for_a_customer() {
    const CUSTOMERS: usize = 50;
    let database = SharedPostgres::database().await.unwrap();
    let mut sealing = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let vault = process(&database).await;
        for n in 0..CUSTOMERS {
            let vault = vault.clone();
            sealing.spawn(async move { (n, seal(&vault, n).await.unwrap()) });
        }
    }
    let mut sealed = BTreeSet::new();
    while let Some(done) = sealing.join_next().await {
        let (n, text) = done.unwrap();
        sealed.insert((n, text.as_str().to_owned()));
    }
    assert_eq!(
        sealed.len(),
        CUSTOMERS,
        "the same key seals to the same text"
    );
    let reader = process(&database).await;
    for (n, text) in sealed {
        let text = domain::Sealed::parse(text).unwrap();
        assert_eq!(open(&reader, n, &text).await, Opened::Plain(address()));
    }
}

#[tokio::test]
async fn what_is_destroyed_is_gone_from_the_table_and_is_never_made_again() {
    let database = SharedPostgres::database().await.unwrap();
    let vault = process(&database).await;
    let sealed = seal(&vault, 1).await.unwrap();
    let kept = seal(&vault, 2).await.unwrap();
    assert_eq!(vault.erase(&id(1)).await, Ok(true));
    assert_eq!(vault.erase(&id(1)).await, Ok(true));
    assert_eq!(vault.erase(&id(3)).await, Ok(false), "there never was one");
    assert_eq!(vault.erase(&id(3)).await, Ok(false));

    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    let rows: Vec<(String, bool, bool)> = sqlx::query_as(
        "SELECT customer_id, wrapped IS NULL, erased_at IS NOT NULL FROM personal.key ORDER BY 1",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let row = |name: &str, erased| (name.to_owned(), erased, erased);
    let expected = [
        ("customer-1", true),
        ("customer-2", false),
        ("customer-3", true),
    ];
    assert_eq!(rows, expected.map(|(name, erased)| row(name, erased)));

    let restarted = process(&database).await;
    assert_eq!(open(&restarted, 1, &sealed).await, Opened::Erased);
    assert_eq!(open(&restarted, 2, &kept).await, Opened::Plain(address()));
    let again = seal(&restarted, 1).await;
    assert_eq!(again, Err(VaultError::Erased(customer(1))));
    let unknown = seal(&restarted, 3).await;
    assert_eq!(unknown, Err(VaultError::Erased(customer(3))));
}

#[tokio::test]
async fn a_key_that_is_lost_is_no_erasure() {
    let database = SharedPostgres::database().await.unwrap();
    let vault = process(&database).await;
    let sealed = seal(&vault, 1).await.unwrap();
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    sqlx::query("DELETE FROM personal.key")
        .execute(&mut connection)
        .await
        .unwrap();
    let restarted = process(&database).await;
    let (tenant, of) = (TenantId::default(), customer(1));
    let opened = restarted.open_address(&tenant, &of, order(), &sealed).await;
    assert_eq!(opened, Err(VaultError::KeyLost(customer(1))));
    assert_eq!(restarted.lost().await, Ok(Some(customer(1))));
}

#[tokio::test]
async fn keys_are_wrapped_anew_by_the_table_as_well() {
    let database = SharedPostgres::database().await.unwrap();
    let vault = process(&database).await;
    let sealed = seal(&vault, 1).await.unwrap();
    seal(&vault, 2).await.unwrap();
    vault.erase(&id(2)).await.unwrap();
    let over = |masters: MasterKeys| {
        let keys = PostgresKeys::new(database.url()).unwrap();
        Vault::new(Arc::new(keys), masters, CacheOptions::default())
    };
    let (old, new) = ("1".repeat(64), "2".repeat(64));
    let renewed = over(MasterKeys::parse(&new, Some(&old)).unwrap());
    assert_eq!(renewed.remaining().await.unwrap().keys(), 1);
    let mut rewrap = renewed.rewrap();
    while rewrap.step().await.unwrap() {}
    assert_eq!(rewrap.done(), 1);
    assert_eq!(renewed.remaining().await.unwrap().keys(), 0);
    let alone = over(MasterKeys::parse(&new, None).unwrap());
    assert_eq!(alone.check().await, Ok(()));
    assert_eq!(open(&alone, 1, &sealed).await, Opened::Plain(address()));
}

#[tokio::test]
async fn keys_of_another_master_key_stop_the_start_and_a_lost_server_is_said() {
    let database = SharedPostgres::database().await.unwrap();
    let vault = process(&database).await;
    seal(&vault, 1).await.unwrap();
    let keys = PostgresKeys::new(database.url()).unwrap();
    let other = MasterKeys::parse(&"2".repeat(64), None).unwrap();
    let other = Vault::new(Arc::new(keys), other, CacheOptions::default());
    let error = other.check().await.unwrap_err();
    assert!(error.to_string().contains("not configured"), "{error}");
    assert!(!error.is_transient());

    let nobody = PostgresKeys::new("postgres://127.0.0.1:1/none").unwrap();
    let masters = MasterKeys::parse(&"1".repeat(64), None).unwrap();
    let nobody = Vault::new(Arc::new(nobody), masters, CacheOptions::default());
    let error = seal(&nobody, 1).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    let malformed = PostgresKeys::new("postgres://user:secret@:x/")
        .err()
        .unwrap();
    assert!(!malformed.to_string().contains("secret"), "{malformed}");
}
