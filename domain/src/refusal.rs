//! A refusal as every room sees it: what a decider said, without the decider's own type.

use crate::event::is_default;
use serde::{Deserialize, Serialize};

/// What kind of rule refused a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// What the command is about does not exist.
    NotFound,
    /// Not allowed in this state: another state may allow it.
    State,
    /// Breaks a rule of meaning: it will never be allowed as it stands.
    Meaning,
}

/// Why a command was refused. It is remembered with the command's id, so it is plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What kind of rule it was.
    pub kind: RefusalKind,
    /// A stable code in `UPPER_SNAKE`.
    pub code: String,
    /// One sentence for people.
    pub detail: String,
    /// The part of the command that broke the rule, as a JSON pointer, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// What the state would have allowed instead, where that is known: it is remembered too, so
    /// that a repetition is answered without reading history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Vec<String>>,
    /// Whether it is over by itself: the same, asked as a new command later, may well be accepted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub for_now: bool,
}

impl Refusal {
    /// A refusal of `kind` with its code and sentence.
    pub fn new(kind: RefusalKind, code: &str, detail: impl Into<String>) -> Self {
        Self {
            kind,
            code: code.into(),
            detail: detail.into(),
            pointer: None,
            allowed: None,
            for_now: false,
        }
    }

    /// The same, pointing at a part of the command.
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// The same, of what is over by itself.
    pub fn for_now(mut self) -> Self {
        self.for_now = true;
        self
    }

    /// The same, with what the state would have allowed instead.
    pub fn allowing(mut self, allowed: &[&str]) -> Self {
        self.allowed = Some(allowed.iter().map(ToString::to_string).collect());
        self
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Refusal {}
