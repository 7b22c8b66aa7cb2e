//! Test cards: what a payment method token makes the provider do.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Longest wait that a `tok_slow_<ms>` may ask for; more is cut to it.
pub const MAX_SLOW: Duration = Duration::from_secs(60);

/// Longest time that a `tok_action_<ms>` may give who pays; more is cut to it.
pub const MAX_ACTION: Duration = Duration::from_secs(24 * 60 * 60);

/// How long who pays has with `tok_action`.
const ACTION: Duration = Duration::from_secs(15 * 60);

const SLOW: Duration = Duration::from_secs(2);

/// Every test card with what it does, as `GET /` shows them.
pub const CARDS: [(&str, &str); 15] = [
    ("tok_approve", "authorized"),
    ("tok_decline", "declined: card_declined"),
    ("tok_insufficient_funds", "declined: insufficient_funds"),
    (
        "tok_decline_once",
        "declined (card_declined) on the reference's first attempt, then authorized",
    ),
    (
        "tok_decline_twice",
        "declined (card_declined) on the first two attempts, then authorized",
    ),
    ("tok_slow", "authorized; the answer takes 2 s"),
    (
        "tok_slow_<ms>",
        "authorized; the answer takes that many milliseconds, 60000 at most",
    ),
    (
        "tok_timeout",
        "authorized, but the answer is held for hold_ms: unknown that resolves to authorized",
    ),
    (
        "tok_timeout_lost",
        "nothing is booked and the answer is held for hold_ms: unknown that resolves to nothing",
    ),
    (
        "tok_action",
        "requires_action: authorized once POST /authorizations/{id}/complete has come, within 15 minutes",
    ),
    (
        "tok_action_<ms>",
        "the same, within that many milliseconds, 86400000 at most",
    ),
    ("tok_error", "500 and nothing is booked, on every attempt"),
    (
        "tok_wrong_amount",
        "authorized for one minor unit more than asked: integrity mismatch",
    ),
    (
        "tok_capture_fails",
        "authorized; every capture is declined (CAPTURE_DECLINED)",
    ),
    (
        "tok_capture_fails_once",
        "authorized; the authorization's first capture is declined, then they are made",
    ),
];

/// What a payment method makes the provider do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Card {
    /// Authorizes: `tok_approve` and every token that is no test card.
    Approve,
    /// Always declines.
    Decline(DeclineCode),
    /// Declines the first attempts for a reference, then authorizes.
    DeclineFirst(usize),
    /// Authorizes and answers late.
    Slow(Duration),
    /// Authorizes and holds the answer.
    Timeout,
    /// Books nothing and holds the answer.
    TimeoutLost,
    /// Authorizes only once who pays has done something, within so long.
    Action(Duration),
    /// Fails and books nothing.
    Error,
    /// Authorizes another amount than asked.
    WrongAmount,
    /// Authorizes and declines every capture.
    CaptureFails,
    /// Authorizes and declines the first captures.
    CaptureFailsFirst(u32),
}

/// Why an authorization was declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclineCode {
    /// The issuer says no.
    CardDeclined,
    /// The account does not cover the amount.
    InsufficientFunds,
    /// Declined by the fault switch `decline_percent`, whatever the card.
    DoNotHonor,
    /// Who pays did not do what they were to do.
    ActionRefused,
}

impl DeclineCode {
    /// The code as it is written in JSON.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::CardDeclined => "card_declined",
            Self::InsufficientFunds => "insufficient_funds",
            Self::DoNotHonor => "do_not_honor",
            Self::ActionRefused => "action_refused",
        }
    }
}

/// What becomes of an authorization that is booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Authorized for this amount in minor units.
    Authorized(u64),
    /// Declined.
    Declined(DeclineCode),
}

impl Card {
    /// The card behind a token. Total: a token that is no test card approves.
    #[must_use]
    pub fn from_token(token: &str) -> Self {
        match token {
            "tok_decline" => Self::Decline(DeclineCode::CardDeclined),
            "tok_insufficient_funds" => Self::Decline(DeclineCode::InsufficientFunds),
            "tok_decline_once" => Self::DeclineFirst(1),
            "tok_decline_twice" => Self::DeclineFirst(2),
            "tok_slow" => Self::Slow(SLOW),
            "tok_timeout" => Self::Timeout,
            "tok_timeout_lost" => Self::TimeoutLost,
            "tok_error" => Self::Error,
            "tok_wrong_amount" => Self::WrongAmount,
            "tok_capture_fails" => Self::CaptureFails,
            "tok_capture_fails_once" => Self::CaptureFailsFirst(1),
            "tok_action" => Self::Action(ACTION),
            _ => timed(token, "tok_slow_", MAX_SLOW)
                .map(Self::Slow)
                .or_else(|| timed(token, "tok_action_", MAX_ACTION).map(Self::Action))
                .unwrap_or(Self::Approve),
        }
    }

    /// The outcome of an attempt to authorize `amount`, after `attempts` earlier ones that were
    /// booked for the same reference.
    #[must_use]
    pub(crate) fn verdict(self, amount: u64, attempts: usize) -> Verdict {
        match self {
            Self::Decline(code) => Verdict::Declined(code),
            Self::DeclineFirst(n) if attempts < n => Verdict::Declined(DeclineCode::CardDeclined),
            Self::WrongAmount => Verdict::Authorized(amount.saturating_add(1)),
            Self::Approve
            | Self::DeclineFirst(_)
            | Self::Slow(_)
            | Self::Timeout
            | Self::TimeoutLost
            | Self::Action(_)
            | Self::Error
            | Self::CaptureFails
            | Self::CaptureFailsFirst(_) => Verdict::Authorized(amount),
        }
    }

    /// Whether a capture is declined, after `declines` earlier ones of the same authorization.
    #[must_use]
    pub(crate) fn declines_capture(self, declines: u32) -> bool {
        match self {
            Self::CaptureFails => true,
            Self::CaptureFailsFirst(n) => declines < n,
            _ => false,
        }
    }
}

/// The time that a token names after `prefix`, cut to `most`.
fn timed(token: &str, prefix: &str, most: Duration) -> Option<Duration> {
    let millis = token.strip_prefix(prefix)?.parse().ok()?;
    Some(Duration::from_millis(millis).min(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crate_documentation_names_every_card() {
        for (token, _) in CARDS {
            assert!(
                include_str!("lib.rs").contains(&format!("`{token}`")),
                "{token}"
            );
        }
    }

    #[test]
    fn cards_do_not_share_a_meaning() {
        let tokens = CARDS.map(|(token, _)| token.replace("<ms>", "7"));
        for (n, one) in tokens.iter().enumerate() {
            for other in &tokens[..n] {
                assert_ne!(
                    Card::from_token(one),
                    Card::from_token(other),
                    "{one} {other}"
                );
            }
        }
    }

    #[test]
    fn a_slow_card_waits_as_told_within_the_bound() {
        assert_eq!(
            Card::from_token("tok_slow_250"),
            Card::Slow(Duration::from_millis(250))
        );
        assert_eq!(Card::from_token("tok_slow_99999999"), Card::Slow(MAX_SLOW));
        assert_eq!(Card::from_token("tok_slow_soon"), Card::Approve);
    }

    #[test]
    fn any_other_token_approves() {
        assert_eq!(Card::from_token("pm_visa"), Card::Approve);
        assert_eq!(Card::from_token(""), Card::Approve);
    }
}
