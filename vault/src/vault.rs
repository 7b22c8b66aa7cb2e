//! Seals and opens with the keys of customers.

use crate::{
    cache::{Cache, CacheOptions, Known},
    cipher::DataKey,
    error::VaultError,
    keys::{KeyId, KeyRow, KeyState, KeyStore},
    master::MasterKeys,
    memory::MemoryKeys,
    place::Place,
};
use domain::{CustomerId, Sealed};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Mutex as TurnMutex, oneshot},
    time::Instant,
};
use zeroize::Zeroizing;

/// The most keys that are asked for in one statement.
const MAX_BATCH: usize = 1_000;

/// How often somebody asks again whose question was dropped with whoever had taken it over.
const TRIES: usize = 8;

/// What came out when something was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened<T> {
    /// What was sealed.
    Plain(T),
    /// Nothing: the customer was erased, and the key destroyed.
    Erased,
}

/// Seals and opens personal data. Clones are the same.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    keys: Arc<dyn KeyStore>,
    masters: MasterKeys,
    cache: Cache,
    /// Who waits for keys: whoever has the turn asks for all of them in one statement.
    waiting: Mutex<Vec<Wanted>>,
    turn: TurnMutex<()>,
    /// What was found last that its key does not open.
    lost: Mutex<Option<Lost>>,
}

/// Something sealed of which the key is lost.
#[derive(Clone, PartialEq)]
struct Lost {
    id: KeyId,
    place: Vec<u8>,
    sealed: Sealed,
}

type Answer = Result<Option<Known>, VaultError>;

/// A key that somebody waits for.
struct Wanted {
    id: KeyId,
    /// Whether it is made if there is none.
    make: bool,
    answer: oneshot::Sender<Answer>,
}

impl Vault {
    /// A vault whose keys are in `keys`, wrapped by `masters`.
    pub fn new(keys: Arc<dyn KeyStore>, masters: MasterKeys, options: CacheOptions) -> Self {
        Self(Arc::new(Inner {
            keys,
            masters,
            cache: Cache::new(options),
            waiting: Mutex::default(),
            turn: TurnMutex::default(),
            lost: Mutex::default(),
        }))
    }

    /// A vault that forgets everything with its process: for tests.
    ///
    /// # Panics
    /// The system has no random numbers.
    pub fn in_memory() -> Self {
        let masters = MasterKeys::random().expect("the system has random numbers");
        Self::new(
            Arc::new(MemoryKeys::default()),
            masters,
            CacheOptions::default(),
        )
    }

    /// Checks that the master keys are those that wrap the keys: another one would be noticed only when
    /// somebody's address is needed.
    ///
    /// # Errors
    /// The keys cannot be reached, or are wrapped by a master key that is not configured.
    pub async fn check(&self) -> Result<(), VaultError> {
        for row in self.0.keys.samples().await? {
            let master = &row.master;
            if !self.0.masters.knows(master) {
                return Err(VaultError::Corrupt(format!(
                    "there are keys that the master key {master} has wrapped, which is not configured; \
                     configured is {}",
                    self.0.masters.name()
                )));
            }
            if let KeyState::There(wrapped) = &row.state {
                self.0.masters.unwrap(&row, wrapped)?;
            }
        }
        Ok(())
    }

    /// The customer whose key this process has found lost last, if it is lost still: until there is a key
    /// that opens what was met then, or the customer is erased. Another key is none: the customer's next
    /// order makes one.
    ///
    /// # Errors
    /// The keys cannot be reached.
    pub async fn lost(&self) -> Result<Option<CustomerId>, VaultError> {
        let Some(lost) = self.0.lost().clone() else {
            return Ok(None);
        };
        let rows = self.0.keys.find(std::slice::from_ref(&lost.id)).await?;
        let is_over = rows.first().is_some_and(|row| match &row.state {
            KeyState::Erased => true,
            KeyState::There(wrapped) => {
                let key = self.0.masters.unwrap(row, wrapped);
                key.is_ok_and(|key| DataKey::new(&key).open(&lost.place, &lost.sealed).is_some())
            }
        });
        if !is_over {
            return Ok(Some(lost.id.customer_id));
        }
        // Another may have been found lost meanwhile.
        self.0.lost().take_if(|known| *known == lost);
        Ok(None)
    }

    /// Seals `content` for `place`. The first time for a customer, a key is made, and is on disk when
    /// this answers.
    ///
    /// # Errors
    /// The customer was erased, or there are no keys now.
    pub async fn seal(&self, place: Place<'_>, content: &[u8]) -> Result<Sealed, VaultError> {
        match self.known(&key_id(place), true).await? {
            Some(Known::Key(key)) => key.seal(&place.to_bytes(), content),
            Some(Known::Erased) => Err(VaultError::Erased(place.customer_id.clone())),
            None => Err(VaultError::Corrupt(format!(
                "a key was made for customer {} and is not there",
                place.customer_id
            ))),
        }
    }

    /// As [`seal`](Self::seal), for what is only of use where something was sealed before: none, and no
    /// key is made, where there is none.
    ///
    /// # Errors
    /// The customer was erased, or there are no keys now.
    pub async fn seal_with_known_key(
        &self,
        place: Place<'_>,
        content: &[u8],
    ) -> Result<Option<Sealed>, VaultError> {
        match self.known(&key_id(place), false).await? {
            Some(Known::Key(key)) => key.seal(&place.to_bytes(), content).map(Some),
            Some(Known::Erased) => Err(VaultError::Erased(place.customer_id.clone())),
            None => Ok(None),
        }
    }

    /// What was sealed for `place`.
    ///
    /// # Errors
    /// There are no keys now; or there is no key, and nobody was erased, so that it was lost; or the key
    /// did not seal this for that place.
    pub async fn open(
        &self,
        place: Place<'_>,
        sealed: &Sealed,
    ) -> Result<Opened<Zeroizing<Vec<u8>>>, VaultError> {
        let customer_id = place.customer_id;
        let known = self.known(&key_id(place), false).await?;
        // Nobody erased what was stored before anything was sealed; who is erased stays so.
        if let Some(plain) = sealed.plain() {
            return Ok(match known {
                Some(Known::Erased) => Opened::Erased,
                Some(Known::Key(_)) | None => Opened::Plain(Zeroizing::new(plain)),
            });
        }
        match known {
            Some(Known::Key(key)) => match key.open(&place.to_bytes(), sealed) {
                Some(content) => Ok(Opened::Plain(content)),
                // As when a new key was made after the one that had sealed it was lost.
                None => {
                    self.0.note_lost(place, sealed);
                    Err(VaultError::Corrupt(format!(
                        "the key of customer {customer_id} does not open what is said to be theirs"
                    )))
                }
            },
            Some(Known::Erased) => Ok(Opened::Erased),
            None => {
                tracing::error!(%customer_id, "the key of customer {customer_id} is lost");
                self.0.note_lost(place, sealed);
                Err(VaultError::KeyLost(customer_id.clone()))
            }
        }
    }

    /// Destroys the key of a customer: what it sealed opens nowhere any more, in this process at once,
    /// in others when they have forgotten it. That it was destroyed is kept, also where there never was
    /// a key, or where it is lost. Whether there ever was one.
    ///
    /// # Errors
    /// There are no keys now.
    pub async fn erase(&self, id: &KeyId) -> Result<bool, VaultError> {
        let began = Instant::now();
        let known = self.0.keys.destroy(id).await?;
        self.0.cache.put(id.clone(), began, Known::Erased);
        Ok(known)
    }

    /// For how long a process may still open what it has the key of, after that was destroyed.
    pub fn remembers(&self) -> Duration {
        self.0.cache.time()
    }

    pub(crate) fn keys(&self) -> &dyn KeyStore {
        self.0.keys.as_ref()
    }

    pub(crate) fn masters(&self) -> &MasterKeys {
        &self.0.masters
    }

    async fn known(&self, id: &KeyId, make: bool) -> Answer {
        for _ in 0..TRIES {
            if let Some(known) = self.0.cache.get(id) {
                return Ok(Some(known));
            }
            if let Some(answer) = self.0.ask(id.clone(), make).await {
                return answer;
            }
        }
        Err(VaultError::Unavailable("too many ask for keys".into()))
    }
}

impl Inner {
    /// Asks for a key, together with whoever else asks; none if whoever asked was called off.
    async fn ask(&self, id: KeyId, make: bool) -> Option<Answer> {
        let (answer, mut answered) = oneshot::channel();
        self.waiting().push(Wanted { id, make, answer });
        let _turn = tokio::select! {
            biased;
            answer = &mut answered => return answer.ok(),
            turn = self.turn.lock() => turn,
        };
        loop {
            match answered.try_recv() {
                Ok(answer) => return Some(answer),
                Err(oneshot::error::TryRecvError::Closed) => return None,
                Err(oneshot::error::TryRecvError::Empty) => self.answer_some().await,
            }
        }
    }

    /// Answers those who have waited longest.
    async fn answer_some(&self) {
        let wanted: Vec<Wanted> = {
            let mut waiting = self.waiting();
            let some = waiting.len().min(MAX_BATCH);
            waiting.drain(..some).collect()
        };
        let read_at = Instant::now();
        let (make, find): (Vec<&Wanted>, Vec<&Wanted>) = wanted.iter().partition(|one| one.make);
        let mut known = BTreeMap::new();
        let mut failed = None;
        for (some, make) in [(make, true), (find, false)] {
            let ids: BTreeSet<&KeyId> = some.iter().map(|one| &one.id).collect();
            if ids.is_empty() {
                continue;
            }
            match self.read(ids, make).await {
                Ok(rows) => known.extend(rows.into_iter().map(|row| (row.id.clone(), row))),
                Err(error) => failed = Some(error),
            }
        }
        let known: BTreeMap<KeyId, Result<Known, VaultError>> = known
            .into_iter()
            .map(|(id, row)| (id, self.unwrapped(&row, read_at)))
            .collect();
        for one in wanted {
            let answer = match (known.get(&one.id), &failed) {
                (Some(known), _) => known.clone().map(Some),
                (None, Some(error)) => Err(error.clone()),
                (None, None) => Ok(None),
            };
            // Who does not wait any more was called off.
            let _ = one.answer.send(answer);
        }
    }

    async fn read(&self, ids: BTreeSet<&KeyId>, make: bool) -> Result<Vec<KeyRow>, VaultError> {
        let ids = ids.into_iter().cloned();
        match make {
            true => {
                let keys = ids
                    .map(|id| self.masters.make(id))
                    .collect::<Result<_, _>>()?;
                self.keys.find_or_make(keys).await
            }
            false => self.keys.find(&ids.collect::<Vec<_>>()).await,
        }
    }

    fn unwrapped(&self, row: &KeyRow, read_at: Instant) -> Result<Known, VaultError> {
        let known = match &row.state {
            KeyState::Erased => Known::Erased,
            KeyState::There(wrapped) => {
                let key = self.masters.unwrap(row, wrapped)?;
                Known::Key(Arc::new(DataKey::new(&key)))
            }
        };
        self.cache.put(row.id.clone(), read_at, known.clone());
        Ok(known)
    }

    fn note_lost(&self, place: Place<'_>, sealed: &Sealed) {
        *self.lost() = Some(Lost {
            id: key_id(place),
            place: place.to_bytes(),
            sealed: sealed.clone(),
        });
    }

    fn lost(&self) -> MutexGuard<'_, Option<Lost>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Wanted>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key_id(place: Place<'_>) -> KeyId {
    KeyId {
        tenant: place.tenant.clone(),
        customer_id: place.customer_id.clone(),
    }
}

#[cfg(test)]
mod tests;
