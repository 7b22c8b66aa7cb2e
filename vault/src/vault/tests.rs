use super::*;
use crate::keys::{MasterUse, NewKey, Rewrapped};
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

    async fn samples(&self) -> Result<Vec<KeyRow>, VaultError> {
        self.keys.samples().await
    }

    async fn masters(&self) -> Result<Vec<MasterUse>, VaultError> {
        self.keys.masters().await
    }

    async fn wrapped_by_others(
        &self,
        master: &str,
        limit: usize,
    ) -> Result<Vec<KeyRow>, VaultError> {
        self.keys.wrapped_by_others(master, limit).await
    }

    async fn rewrap(&self, keys: Vec<Rewrapped>) -> Result<u64, VaultError> {
        self.keys.rewrap(keys).await
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
    assert_eq!(moved, Err(VaultError::KeyLost(customer(2))));
    seal(&one, 2).await.unwrap();
    let moved = open(&other, 2, &sealed).await;
    assert!(matches!(moved, Err(VaultError::Corrupt(_))), "{moved:?}");

    assert_eq!(one.erase(&id(1)).await, Ok(true));
    assert_eq!(open(&one, 1, &sealed).await, Ok(Opened::Erased));
    assert_eq!(seal(&one, 1).await, Err(VaultError::Erased(customer(1))));
    assert_eq!(one.erase(&id(1)).await, Ok(true), "again is the same");
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

#[tokio::test]
async fn who_was_never_known_and_is_erased_gets_no_key_any_more() {
    let vault = over(&Counted::new());
    for _ in 0..2 {
        assert_eq!(vault.erase(&id(7)).await, Ok(false), "there never was one");
    }
    let refused = seal(&vault, 7).await;
    assert_eq!(refused, Err(VaultError::Erased(customer(7))));
    assert_eq!(vault.check().await, Ok(()));
}

/// As after another database of keys was restored.
#[tokio::test]
async fn a_lost_key_is_no_erasure_until_somebody_erases() {
    let (keys, other) = (Counted::new(), Counted::new());
    let sealed = seal(&over(&keys), 1).await.unwrap();
    let vault = over(&other);
    assert_eq!(vault.lost().await, Ok(None));
    let lost = open(&vault, 1, &sealed).await;
    assert_eq!(lost, Err(VaultError::KeyLost(customer(1))));
    assert!(!lost.unwrap_err().is_transient());
    assert_eq!(vault.lost().await, Ok(Some(customer(1))));

    // The right keys are back.
    let found = keys.keys.find(&[id(1)]).await.unwrap().remove(0);
    let KeyState::There(wrapped) = found.state else {
        panic!("it is there");
    };
    let back = NewKey {
        id: found.id,
        master: found.master,
        wrapped,
    };
    other.keys.find_or_make(vec![back]).await.unwrap();
    assert_eq!(vault.lost().await, Ok(None));
    assert_eq!(open(&vault, 1, &sealed).await, Ok(Opened::Plain(address())));

    let empty = over(&Counted::new());
    assert!(open(&empty, 1, &sealed).await.is_err());
    // The customer's next order makes a new key, which does not open what the lost one has sealed.
    seal(&empty, 1).await.unwrap();
    assert_eq!(empty.lost().await, Ok(Some(customer(1))));
    let corrupt = open(&empty, 1, &sealed).await;
    assert!(
        matches!(corrupt, Err(VaultError::Corrupt(_))),
        "{corrupt:?}"
    );
    assert_eq!(empty.lost().await, Ok(Some(customer(1))));
    empty.erase(&id(1)).await.unwrap();
    assert_eq!(open(&empty, 1, &sealed).await, Ok(Opened::Erased));
    assert_eq!(empty.lost().await, Ok(None));
}

/// As where a process starts after the key was lost and another was made.
#[tokio::test]
async fn a_key_that_opens_nothing_of_before_is_a_lost_one() {
    let sealed = seal(&over(&Counted::new()), 1).await.unwrap();
    let vault = over(&Counted::new());
    let new = seal(&vault, 1).await.unwrap();
    let corrupt = open(&vault, 1, &sealed).await;
    assert!(
        matches!(corrupt, Err(VaultError::Corrupt(_))),
        "{corrupt:?}"
    );
    assert_eq!(vault.lost().await, Ok(Some(customer(1))));
    // What the new one has sealed is no sign of the old one.
    assert_eq!(open(&vault, 1, &new).await, Ok(Opened::Plain(address())));
    assert_eq!(vault.lost().await, Ok(Some(customer(1))));
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

#[tokio::test]
async fn a_master_key_is_exchanged_to_its_end() {
    const CUSTOMERS: usize = 1_100;
    let keys = Counted::new();
    let (old, new) = ("1".repeat(64), "2".repeat(64));
    let vault = over(&keys);
    keys.permits.add_permits(10 * CUSTOMERS);
    let mut sealed = vec![];
    for n in 0..CUSTOMERS {
        sealed.push(seal(&vault, n).await.unwrap());
    }
    vault.erase(&id(3)).await.unwrap();
    let renewed = MasterKeys::parse(&new, Some(&old)).unwrap();
    let renewed = Vault::new(keys.clone(), renewed, CacheOptions::default());
    let left = renewed.remaining().await.unwrap();
    assert_eq!((left.wrapped, left.keys()), (0, CUSTOMERS as u64 - 1));

    // Interrupted after its first step, it goes on with what is left.
    assert_eq!(renewed.rewrap().step().await, Ok(true));
    let left = renewed.remaining().await.unwrap();
    assert_eq!((left.wrapped, left.keys()), (500, CUSTOMERS as u64 - 501));
    let mut rewrap = renewed.rewrap();
    while rewrap.step().await.unwrap() {}
    assert_eq!(rewrap.done(), CUSTOMERS as u64 - 501);
    let left = renewed.remaining().await.unwrap();
    assert_eq!((left.wrapped, left.others), (CUSTOMERS as u64 - 1, vec![]));

    // The former one is needed no more, and is of no use.
    let alone = Vault::new(keys.clone(), masters("2"), CacheOptions::default());
    assert_eq!(alone.check().await, Ok(()));
    for n in [0, 700, CUSTOMERS - 1] {
        let opened = open(&alone, n, &sealed[n]).await;
        assert_eq!(opened, Ok(Opened::Plain(address())));
    }
    assert_eq!(open(&alone, 3, &sealed[3]).await, Ok(Opened::Erased));
    let before = over(&keys);
    assert!(before.check().await.is_err());
    assert!(
        before.rewrap().step().await.is_err(),
        "it cannot unwrap them"
    );
}

#[tokio::test]
async fn who_is_erased_while_keys_are_wrapped_anew_stays_erased() {
    let keys = Counted::new();
    seal(&over(&keys), 1).await.unwrap();
    let renewed = MasterKeys::parse(&"2".repeat(64), Some(&"1".repeat(64))).unwrap();
    let row = keys.keys.find(&[id(1)]).await.unwrap().remove(0);
    let KeyState::There(wrapped) = row.state.clone() else {
        panic!("it is there");
    };
    let anew = renewed.rewrap(&row, wrapped).unwrap();
    keys.keys.destroy(&id(1)).await.unwrap();
    assert_eq!(keys.keys.rewrap(vec![anew]).await, Ok(0));
    let row = keys.keys.find(&[id(1)]).await.unwrap().remove(0);
    assert!(row.state == KeyState::Erased);
}
