//! A write is executed once for its key: what it did and what it was answered are recorded together.

use super::{
    Api,
    answer::{Answer, Answered},
    problem,
    request::Once,
};
use crate::{error::NotifyError, storage::requests};
use chassis::Problem;
use sqlx::PgTransaction;
use vault::SecretPlace;

/// Where an answer is sealed for.
const fn place(once: &Once) -> SecretPlace {
    SecretPlace {
        purpose: "webhook answer",
        of: once.id,
    }
}

/// A write that has begun.
pub(crate) enum Begun {
    /// It was executed before: its answer.
    Before(Answered),
    /// It is executed now.
    Now(Work),
}

/// A write that is being executed.
pub(crate) struct Work {
    once: Once,
    /// What it does, it does in here.
    pub tx: PgTransaction<'static>,
}

impl Work {
    /// Begins a write, unless it was executed before.
    ///
    /// # Errors
    /// The same is executed now, or the key was used for something else.
    pub(crate) async fn begin(api: &Api, once: Once) -> Result<Begun, Problem> {
        let mut tx = api.store.begin().await.map_err(problem::failed)?;
        let now = api.clock.now();
        match requests::begin(&mut tx, once.id, &once.fingerprint, now).await {
            Ok(true) => Ok(Begun::Now(Self { once, tx })),
            Ok(false) => {
                drop(tx);
                before(api, &once).await.map(Begun::Before)
            }
            Err(error) if is_locked(&error) => Err(problem::under_way()),
            Err(error) => Err(problem::failed(error)),
        }
    }

    /// Records what came of it, and answers that. A refusal is remembered as well; what failed is not.
    pub(crate) async fn end(
        mut self,
        api: &Api,
        done: Result<Answer, Problem>,
    ) -> Result<Answered, Problem> {
        let answer = match done {
            Ok(answer) => answer,
            Err(refusal) if is_remembered(&refusal) => {
                // What it may have begun to do is not done.
                let undone = self.tx.rollback().await;
                undone.map_err(|error| problem::failed(error.into()))?;
                self.tx = api.store.begin().await.map_err(problem::failed)?;
                let now = api.clock.now();
                let once = &self.once;
                let begun = requests::begin(&mut self.tx, once.id, &once.fingerprint, now).await;
                if !begun.map_err(problem::failed)? {
                    return Err(refusal);
                }
                Answer::refused(&refusal)
            }
            Err(failure) => return Err(failure),
        };
        let sealed = api
            .vault
            .seal_secret(place(&self.once), &answer.to_bytes()?);
        let sealed = sealed.map_err(|error| problem::failed(error.into()))?;
        let kept = requests::answered(&mut self.tx, self.once.id, sealed).await;
        kept.map_err(problem::failed)?;
        let committed = self.tx.commit().await;
        committed.map_err(|error| problem::failed(error.into()))?;
        // It may have made something due.
        api.due.notify_waiters();
        Ok(Answered::now(answer))
    }
}

/// What a request that came before was answered.
async fn before(api: &Api, once: &Once) -> Result<Answered, Problem> {
    let kept = api.store.request(once.id).await.map_err(problem::failed)?;
    // Whoever was executing it has given it up just now.
    let Some(kept) = kept else {
        return Err(problem::under_way());
    };
    if kept.fingerprint != once.fingerprint {
        return Err(problem::key_reused());
    }
    let Some(answer) = kept.answer else {
        return Err(problem::under_way());
    };
    let opened = api.vault.open_secret(place(once), &answer);
    let opened = opened.map_err(|error| problem::failed(error.into()))?;
    Ok(Answered::before(Answer::of_bytes(&opened)?))
}

fn is_remembered(refusal: &Problem) -> bool {
    matches!(refusal.status().as_u16(), 404 | 409 | 412 | 422)
}

/// Whether somebody else has it, for longer than is waited.
fn is_locked(error: &NotifyError) -> bool {
    let NotifyError::Database(sqlx::Error::Database(error)) = error else {
        return false;
    };
    error.code().as_deref() == Some("55P03")
}
