//! What a look at something came to.

use serde::Serialize;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub what: String,
    pub ok: bool,
    pub detail: String,
    /// What to do, where something is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// It is as it should be.
pub(super) fn well(what: impl Into<String>, detail: impl Into<String>) -> Finding {
    Finding {
        what: what.into(),
        ok: true,
        detail: detail.into(),
        advice: None,
    }
}

/// It is not.
pub(super) fn wrong(
    what: impl Into<String>,
    detail: impl Into<String>,
    advice: impl Into<String>,
) -> Finding {
    Finding {
        what: what.into(),
        ok: false,
        detail: detail.into(),
        advice: Some(advice.into()),
    }
}
