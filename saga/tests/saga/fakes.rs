//! Parts that misbehave as told, around real ones.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{Currency, Money, OrderId, Position, policy::Task};
use saga::{
    provider::{Authorization, AuthorizeRequest, CallError, HttpPaymentProvider, PaymentProvider},
    storage::{
        Backlog, Checkpoint, Commit, MemorySagaStore, ParkedTask, SagaStore, SagaStoreError,
        StoredTask, Work,
    },
};
use std::{
    collections::VecDeque,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{task::yield_now, time::sleep};
use uuid::Uuid;

/// Storage where everything takes a moment before and after, so that it can be cut off there.
#[derive(Default)]
pub struct Slow(MemorySagaStore, Duration);

impl Slow {
    /// Its commits take so long.
    pub fn with_commits_of(time: Duration) -> Self {
        Self(MemorySagaStore::default(), time)
    }
}

async fn moment<T>(work: impl Future<Output = T>) -> T {
    yield_now().await;
    let done = work.await;
    yield_now().await;
    done
}

#[async_trait]
impl SagaStore for Slow {
    async fn take_over(&self, policy: &str, epoch: i64) -> Result<Checkpoint, SagaStoreError> {
        moment(self.0.take_over(policy, epoch)).await
    }

    async fn states(
        &self,
        policy: &str,
        epoch: i64,
        from: Position,
        orders: &[OrderId],
    ) -> Result<Vec<(OrderId, String)>, SagaStoreError> {
        moment(self.0.states(policy, epoch, from, orders)).await
    }

    async fn commit(&self, commit: Commit<'_>) -> Result<(), SagaStoreError> {
        if !self.1.is_zero() {
            sleep(self.1).await;
        }
        moment(self.0.commit(commit)).await
    }

    async fn due(
        &self,
        now: DateTime<Utc>,
        work: Work,
        except: &[Uuid],
        limit: usize,
    ) -> Result<Vec<StoredTask>, SagaStoreError> {
        moment(self.0.due(now, work, except, limit)).await
    }

    async fn finish(&self, tasks: &[Uuid]) -> Result<(), SagaStoreError> {
        moment(self.0.finish(tasks)).await
    }

    async fn postpone(
        &self,
        task: Uuid,
        due_at: DateTime<Utc>,
        problem: &str,
    ) -> Result<(), SagaStoreError> {
        moment(self.0.postpone(task, due_at, problem)).await
    }

    async fn defer(
        &self,
        task: Uuid,
        due_at: DateTime<Utc>,
        problem: &str,
    ) -> Result<(), SagaStoreError> {
        moment(self.0.defer(task, due_at, problem)).await
    }

    async fn park(
        &self,
        task: Uuid,
        now: DateTime<Utc>,
        problem: &str,
    ) -> Result<(), SagaStoreError> {
        moment(self.0.park(task, now, problem)).await
    }

    async fn parked(&self, limit: usize) -> Result<Vec<ParkedTask>, SagaStoreError> {
        self.0.parked(limit).await
    }

    async fn find_parked(&self, task: Uuid) -> Result<Option<ParkedTask>, SagaStoreError> {
        self.0.find_parked(task).await
    }

    async fn resume(
        &self,
        task: Uuid,
        instead: Option<&Task>,
        now: DateTime<Utc>,
    ) -> Result<bool, SagaStoreError> {
        self.0.resume(task, instead, now).await
    }

    async fn backlog(&self, now: DateTime<Utc>) -> Result<Backlog, SagaStoreError> {
        self.0.backlog(now).await
    }
}

/// A client that gives an authorization up soon, and waits for everything else: a call that is never
/// answered takes little time, and a machine that is busy does not make an inquiry fail.
pub struct Hasty {
    pub hasty: HttpPaymentProvider,
    pub patient: HttpPaymentProvider,
}

#[async_trait]
impl PaymentProvider for Hasty {
    async fn authorize(&self, request: &AuthorizeRequest) -> Result<Authorization, CallError> {
        self.hasty.authorize(request).await
    }

    async fn inquire(&self, key: &str) -> Result<Authorization, CallError> {
        self.patient.inquire(key).await
    }

    async fn void(&self, authorization_id: &str, key: &str) -> Result<(), CallError> {
        self.patient.void(authorization_id, key).await
    }

    async fn release(&self, authorization_id: &str, key: &str) -> Result<(), CallError> {
        self.patient.release(authorization_id, key).await
    }

    async fn capture(
        &self,
        authorization_id: &str,
        amount: Money,
        key: &str,
    ) -> Result<(), CallError> {
        self.patient.capture(authorization_id, amount, key).await
    }

    async fn capture_last(
        &self,
        authorization_id: &str,
        amount: Money,
        key: &str,
    ) -> Result<(), CallError> {
        self.patient
            .capture_last(authorization_id, amount, key)
            .await
    }

    async fn refund(
        &self,
        authorization_id: &str,
        amount: Money,
        key: &str,
    ) -> Result<(), CallError> {
        self.patient.refund(authorization_id, amount, key).await
    }
}

/// What a scripted provider does next.
pub enum Step {
    Authorize,
    Fail(CallError),
    Panic,
}

/// A provider that does as its script says, and authorizes and voids when that has ended.
#[derive(Default)]
pub struct Scripted {
    pub steps: Mutex<VecDeque<Step>>,
    /// How long each call takes.
    pub takes: Duration,
    pub calls: AtomicUsize,
    pub now: AtomicUsize,
    /// The most calls at once.
    pub most: AtomicUsize,
}

impl Scripted {
    pub fn of(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: Mutex::new(steps.into_iter().collect()),
            ..Self::default()
        }
    }

    async fn step(&self) -> Result<(), CallError> {
        self.calls.fetch_add(1, Relaxed);
        let now = self.now.fetch_add(1, Relaxed) + 1;
        self.most.fetch_max(now, Relaxed);
        tokio::time::sleep(self.takes).await;
        self.now.fetch_sub(1, Relaxed);
        let step = self.steps.lock().unwrap().pop_front();
        match step {
            None | Some(Step::Authorize) => Ok(()),
            Some(Step::Fail(error)) => Err(error),
            Some(Step::Panic) => panic!("on purpose"),
        }
    }
}

#[async_trait]
impl PaymentProvider for Scripted {
    async fn authorize(&self, request: &AuthorizeRequest) -> Result<Authorization, CallError> {
        self.step().await?;
        assert!(request.amount.amount > 0, "nothing is asked for");
        Ok(Authorization::Authorized {
            authorization_id: format!("auth-{}", request.idempotency_key),
            amount: request.amount,
            expires_at: None,
        })
    }

    async fn inquire(&self, key: &str) -> Result<Authorization, CallError> {
        self.step().await?;
        Ok(Authorization::Authorized {
            authorization_id: format!("auth-{key}"),
            amount: Money::new(1_999, Currency::parse("EUR").unwrap()),
            expires_at: None,
        })
    }

    async fn void(&self, _: &str, _: &str) -> Result<(), CallError> {
        self.step().await
    }

    async fn release(&self, _: &str, _: &str) -> Result<(), CallError> {
        self.step().await
    }

    async fn capture(&self, _: &str, _: Money, _: &str) -> Result<(), CallError> {
        self.step().await
    }

    async fn capture_last(&self, _: &str, _: Money, _: &str) -> Result<(), CallError> {
        self.step().await
    }

    async fn refund(&self, _: &str, _: Money, _: &str) -> Result<(), CallError> {
        self.step().await
    }
}
