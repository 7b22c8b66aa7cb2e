use super::*;
use crate::keys::NewKey;
use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{CustomerId, OrderId, TenantId, order::Address};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::{sync::Semaphore, task::JoinSet, time::advance};
use uuid::Uuid;

/// Keys in memory that count the statements, and let none through without a permit.
struct Counted {
    keys: MemoryKeys,
    statements: AtomicUsize,
    permits: Semaphore,
}

impl Counted {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            keys: MemoryKeys::default(),
            statements: AtomicUsize::new(0),
            permits: Semaphore::new(1_000),
        })
    }

    async fn statement(&self) {
        self.permits.acquire().await.unwrap().forget();
        self.statements.fetch_add(1, Relaxed);
    }
}

#[async_trait]
impl KeyStore for Counted {
    async fn find(&self, ids: &[KeyId]) -> Result<Vec<KeyRow>, VaultError> {
        self.statement().await;
        self.keys.find(ids).await
    }

    async fn find_or_make(&self, keys: Vec<NewKey>) -> Result<Vec<KeyRow>, VaultError> {
        self.statement().await;
        self.keys.find_or_make(keys).await
    }

    async fn destroy(&self, id: &KeyId) -> Result<bool, VaultError> {
        self.keys.destroy(id).await
    }

    async fn masters(&self) -> Result<Vec<String>, VaultError> {
        self.keys.masters().await
    }
}

fn masters(digit: &str) -> MasterKeys {
    MasterKeys::parse(&digit.repeat(64), None).unwrap()
}

/// A process's vault over `keys`.
fn over(keys: &Arc<Counted>) -> Vault {
    Vault::new(keys.clone(), masters("1"), CacheOptions::default())
}

fn customer(n: usize) -> CustomerId {
    CustomerId::parse(&format!("c{n}")).unwrap()
}

fn order() -> OrderId {
    OrderId::new(Uuid::from_u128(1))
}

fn address() -> Address {
    Address {
        name: Some("Ada Lovelace".into()),
        lines: vec![],
        city: None,
        postal_code: None,
        country: "DE".into(),
    }
}

async fn seal(vault: &Vault, n: usize) -> Result<Sealed, VaultError> {
    let tenant = TenantId::default();
    vault
        .seal_address(&tenant, &customer(n), order(), &address())
        .await
}

async fn open(vault: &Vault, n: usize, sealed: &Sealed) -> Result<Opened<Address>, VaultError> {
    let tenant = TenantId::default();
    vault
        .open_address(&tenant, &customer(n), order(), sealed)
        .await
}

fn id(n: usize) -> KeyId {
    KeyId {
        tenant: TenantId::default(),
        customer_id: customer(n),
    }
}

#[tokio::test]
async fn what_one_process_seals_another_opens_until_the_customer_is_erased() {
    let keys = Counted::new();
    let (one, other) = (over(&keys), over(&keys));
    let sealed = seal(&one, 1).await.unwrap();
    assert_eq!(seal(&other, 1).await.unwrap(), sealed);
    assert_eq!(open(&other, 1, &sealed).await, Ok(Opened::Plain(address())));
    let moved = open(&other, 2, &sealed).await;
    assert_eq!(moved, Ok(Opened::Erased), "there is no such key");
    seal(&one, 2).await.unwrap();
    let moved = open(&other, 2, &sealed).await;
    assert!(matches!(moved, Err(VaultError::Corrupt(_))), "{moved:?}");

    assert_eq!(one.erase(&id(1)).await, Ok(true));
    assert_eq!(open(&one, 1, &sealed).await, Ok(Opened::Erased));
    assert_eq!(seal(&one, 1).await, Err(VaultError::Erased(customer(1))));
    assert_eq!(one.erase(&id(1)).await, Ok(true), "again is the same");
    assert_eq!(one.erase(&id(7)).await, Ok(false));
    let after_a_restart = over(&keys);
    assert_eq!(open(&after_a_restart, 1, &sealed).await, Ok(Opened::Erased));
    let again = seal(&after_a_restart, 1).await;
    assert_eq!(again, Err(VaultError::Erased(customer(1))));
}

#[tokio::test]
async fn what_was_stored_before_anything_was_sealed_opens_until_the_customer_is_erased() {
    let keys = Counted::new();
    let vault = over(&keys);
    let base64 = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&address()).unwrap());
    let old = Sealed::parse(format!("sealed:0:{base64}")).unwrap();
    assert_eq!(open(&vault, 1, &old).await, Ok(Opened::Plain(address())));
    seal(&vault, 1).await.unwrap();
    assert_eq!(open(&vault, 1, &old).await, Ok(Opened::Plain(address())));
    vault.erase(&id(1)).await.unwrap();
    assert_eq!(open(&vault, 1, &old).await, Ok(Opened::Erased));
}

#[tokio::test(start_paused = true)]
async fn an_erasure_reaches_every_process_within_the_time_of_the_cache() {
    let keys = Counted::new();
    let (one, other) = (over(&keys), over(&keys));
    let sealed = seal(&one, 1).await.unwrap();
    open(&other, 1, &sealed).await.unwrap();
    one.erase(&id(1)).await.unwrap();
    advance(CacheOptions::default().time - Duration::from_millis(1)).await;
    assert_eq!(open(&other, 1, &sealed).await, Ok(Opened::Plain(address())));
    advance(Duration::from_millis(1)).await;
    assert_eq!(open(&other, 1, &sealed).await, Ok(Opened::Erased));
}

#[tokio::test]
async fn a_key_that_is_known_costs_no_statement_and_new_ones_share_one() {
    let keys = Counted::new();
    let vault = over(&keys);
    for _ in 0..3 {
        seal(&vault, 1).await.unwrap();
    }
    assert_eq!(keys.statements.load(Relaxed), 1);

    // The first of them has the turn and waits; the others come together.
    keys.permits.forget_permits(1_000);
    let mut sealing = JoinSet::new();
    for n in 0..200 {
        let vault = vault.clone();
        sealing.spawn(async move { seal(&vault, n / 2 + 2).await });
    }
    while vault.0.waiting().len() < 199 {
        tokio::task::yield_now().await;
    }
    keys.permits.add_permits(1_000);
    while let Some(sealed) = sealing.join_next().await {
        sealed.unwrap().unwrap();
    }
    assert_eq!(keys.statements.load(Relaxed), 1 + 2);
}

#[tokio::test]
async fn who_is_called_off_leaves_nobody_waiting() {
    let keys = Counted::new();
    let vault = over(&keys);
    keys.permits.forget_permits(1_000);
    let first = tokio::spawn({
        let vault = vault.clone();
        async move { seal(&vault, 1).await }
    });
    while vault.0.turn.try_lock().is_ok() {
        tokio::task::yield_now().await;
    }
    let second = tokio::spawn({
        let vault = vault.clone();
        async move { seal(&vault, 1).await }
    });
    while vault.0.waiting().is_empty() {
        tokio::task::yield_now().await;
    }
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    keys.permits.add_permits(1_000);
    assert!(second.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_master_key_that_is_not_the_keys_own_is_refused_at_the_start() {
    let keys = Counted::new();
    let vault = over(&keys);
    seal(&vault, 1).await.unwrap();
    assert_eq!(vault.check().await, Ok(()));
    let other = Vault::new(keys.clone(), masters("2"), CacheOptions::default());
    let error = other.check().await.unwrap_err();
    assert!(error.to_string().contains("not configured"), "{error}");
    let renewed = MasterKeys::parse(&"2".repeat(64), Some(&"1".repeat(64))).unwrap();
    let renewed = Vault::new(keys, renewed, CacheOptions::default());
    assert_eq!(renewed.check().await, Ok(()));
}
