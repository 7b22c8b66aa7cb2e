//! What participants' answers mean, as far as it is the same with all of them.

use crate::participant::CallError;
use reqwest::StatusCode;
use serde::{Deserialize, de::DeserializeOwned};

/// The longest code of a refusal that is taken over.
const MAX_CODE: usize = 64;

/// The code that says that something else was booked under the same key.
const KEY_REUSED: &str = "IDEMPOTENCY_KEY_REUSED";

/// How one participant speaks, and is spoken of.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// What metrics call it.
    pub name: &'static str,
    /// What sentences call it.
    pub who: &'static str,
    /// Its conflicts that time does not solve. Any other may be the same call, still under way.
    pub final_conflicts: &'static [&'static str],
    /// The code of its 404 that speaks of what was asked for; any other says that there is no such
    /// address, and nothing else.
    pub not_found: &'static str,
}

/// What came back, within its bound.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub body: Vec<u8>,
    pub dialect: &'static Dialect,
}

#[derive(Deserialize)]
struct Problem {
    code: String,
}

impl Answer {
    /// What a success says.
    pub(crate) fn success<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        match self.status.is_success() {
            true => serde_json::from_slice(&self.body).map_err(|error| self.odd(error)),
            false => Err(self.refusal()),
        }
    }

    /// The same, where something new was asked for: there is nothing yet that could be found, so if
    /// nothing is, it is the address that is wrong.
    pub(crate) fn success_of_new<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        self.success().map_err(|error| match error {
            CallError::NotFound => CallError::Later(self.unexpected()),
            error => error,
        })
    }

    /// What an answer means that is no success.
    ///
    /// Only what the participant says about this very thing refuses it. A wrong address, a wrong
    /// password or a bad day says nothing about it: else one mistake in the settings would decline
    /// the payment of every order.
    pub(crate) fn refusal(&self) -> CallError {
        let code = self.code();
        let is = |wanted: &str| code.as_deref() == Some(wanted);
        match self.status.as_u16() {
            400 | 402 | 422 if is(KEY_REUSED) => {
                CallError::Unknown("something else was booked under the same key".into())
            }
            400 | 402 | 422 => CallError::Refused(code.unwrap_or_else(|| self.status.to_string())),
            404 if is(self.dialect.not_found) => CallError::NotFound,
            409 => {
                match code.filter(|code| self.dialect.final_conflicts.contains(&code.as_str())) {
                    Some(code) => CallError::Refused(code),
                    None => CallError::Later(self.unexpected()),
                }
            }
            300..=499 | 503 => CallError::Later(self.unexpected()),
            _ => CallError::Unknown(self.unexpected()),
        }
    }

    /// It is no answer to what was asked: who knows what was done.
    pub(crate) fn odd(&self, what: impl std::fmt::Display) -> CallError {
        CallError::Unknown(format!("{}'s answer is odd: {what}", self.dialect.who))
    }

    fn unexpected(&self) -> String {
        format!("{} answered {}", self.dialect.who, self.status)
    }

    /// The code of a problem, if it has one that looks like one.
    fn code(&self) -> Option<String> {
        let problem: Problem = serde_json::from_slice(&self.body).ok()?;
        let plain =
            |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
        let fits = (1..=MAX_CODE).contains(&problem.code.len()) && problem.code.chars().all(plain);
        fits.then_some(problem.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static DIALECT: Dialect = Dialect {
        name: "payment",
        who: "the provider",
        final_conflicts: &["AUTHORIZATION_VOIDED"],
        not_found: "AUTHORIZATION_NOT_FOUND",
    };

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            body: body.into(),
            dialect: &DIALECT,
        }
    }

    fn problem(code: &str) -> String {
        format!(r#"{{"title":"x","code":"{code}"}}"#)
    }

    fn refused(code: &str) -> CallError {
        CallError::Refused(code.into())
    }

    /// What each status means for the same call: refused for good, to be put again, or unknown.
    #[test]
    fn only_what_is_said_about_the_thing_refuses_it() {
        for status in [400, 402, 422] {
            assert_eq!(
                answer(status, &problem("INVALID_FIELD")).refusal(),
                refused("INVALID_FIELD")
            );
            let reused = answer(status, &problem("IDEMPOTENCY_KEY_REUSED")).refusal();
            assert!(matches!(reused, CallError::Unknown(_)), "{reused}");
        }
        assert_eq!(
            answer(422, "<html>").refusal(),
            refused("422 Unprocessable Entity")
        );
        assert_eq!(
            answer(409, &problem("AUTHORIZATION_VOIDED")).refusal(),
            refused("AUTHORIZATION_VOIDED")
        );
        assert_eq!(
            answer(404, &problem("AUTHORIZATION_NOT_FOUND")).refusal(),
            CallError::NotFound
        );
        for status in [
            301, 307, 401, 403, 404, 405, 408, 409, 413, 415, 425, 429, 451, 503,
        ] {
            let error = answer(status, &problem("ANYTHING")).refusal();
            assert!(matches!(error, CallError::Later(_)), "{status}: {error}");
        }
        for status in [100, 500, 501, 502, 504, 599] {
            let error = answer(status, &problem("ANYTHING")).refusal();
            assert!(matches!(error, CallError::Unknown(_)), "{status}: {error}");
        }
    }

    #[test]
    fn what_is_new_cannot_be_found_yet() {
        let missing = answer(404, &problem("AUTHORIZATION_NOT_FOUND"));
        assert_eq!(missing.success::<()>(), Err(CallError::NotFound));
        let new = missing.success_of_new::<()>();
        assert_eq!(
            new,
            Err(CallError::Later(
                "the provider answered 404 Not Found".into()
            ))
        );
    }

    #[test]
    fn a_code_is_taken_over_only_if_it_is_one() {
        let long = "X".repeat(65);
        for odd in ["", "a b", "a\\u0000", long.as_str(), "ä"] {
            let error = answer(402, &problem(odd)).refusal();
            assert_eq!(error, refused("402 Payment Required"));
        }
    }
}
