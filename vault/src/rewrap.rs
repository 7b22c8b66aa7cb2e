//! The exchange of a master key, to its end: all keys wrapped by the new one.

use crate::{
    error::VaultError,
    keys::{KeyRow, KeyState, MasterUse},
    vault::Vault,
};

/// How many keys are wrapped anew by one statement.
const BATCH: usize = 500;

/// Wraps all keys by the current master key, some at a time. Each step is on disk when it answers; what
/// is interrupted goes on where it was, since what is left is whatever others wrap.
pub struct Rewrap<'a> {
    vault: &'a Vault,
    done: u64,
}

/// What is still to be wrapped by the current master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remaining {
    /// What the current master key is called.
    pub current: String,
    /// How many keys it wraps.
    pub wrapped: u64,
    /// What other master keys wrap still: while there are any, these master keys are needed.
    pub others: Vec<MasterUse>,
}

impl Remaining {
    /// How many keys other master keys wrap.
    pub fn keys(&self) -> u64 {
        self.others.iter().map(|other| other.keys).sum()
    }
}

impl Vault {
    /// Begins, or goes on, to wrap all keys by the current master key.
    pub fn rewrap(&self) -> Rewrap<'_> {
        Rewrap {
            vault: self,
            done: 0,
        }
    }

    /// How many keys the current master key wraps, and how many others do.
    ///
    /// # Errors
    /// The keys cannot be reached.
    pub async fn remaining(&self) -> Result<Remaining, VaultError> {
        let current = self.masters().name().to_owned();
        let used = self.keys().masters().await?;
        let (ours, others): (Vec<_>, Vec<_>) =
            used.into_iter().partition(|used| used.master == current);
        Ok(Remaining {
            current,
            wrapped: ours.iter().map(|used| used.keys).sum(),
            others,
        })
    }
}

impl Rewrap<'_> {
    /// How many keys were wrapped anew so far.
    pub fn done(&self) -> u64 {
        self.done
    }

    /// Wraps some more. Whether there may be others.
    ///
    /// # Errors
    /// The keys cannot be reached; or one is wrapped by a master key that is not configured, or is not
    /// what was written: then nothing is changed by this step.
    pub async fn step(&mut self) -> Result<bool, VaultError> {
        let (keys, masters) = (self.vault.keys(), self.vault.masters());
        let rows = keys.wrapped_by_others(masters.name(), BATCH).await?;
        if rows.is_empty() {
            return Ok(false);
        }
        let anew = rows.into_iter().filter_map(|row: KeyRow| match &row.state {
            KeyState::There(wrapped) => Some(masters.rewrap(&row, wrapped.clone())),
            KeyState::Erased => None,
        });
        let anew = anew.collect::<Result<Vec<_>, _>>()?;
        self.done += keys.rewrap(anew).await?;
        Ok(true)
    }
}
