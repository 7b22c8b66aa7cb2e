//! What the provider's answers mean.

use crate::provider::{Authorization, CallError};
use domain::{Currency, Money};
use reqwest::StatusCode;
use serde::{Deserialize, de::DeserializeOwned};

/// The longest code of a refusal that is taken over.
const MAX_CODE: usize = 64;

/// Conflicts that time does not solve. Any other may be the same call, still under way.
const FINAL_CONFLICTS: [&str; 4] = [
    "AUTHORIZATION_DECLINED",
    "AUTHORIZATION_VOIDED",
    "AUTHORIZATION_CAPTURED",
    "AUTHORIZATION_EXPIRED",
];

/// The conflicts of a void that say that there is nothing left to give back.
const GONE: [&str; 2] = ["AUTHORIZATION_VOIDED", "AUTHORIZATION_EXPIRED"];

/// The code of a 404 that speaks of what was asked for; any other says that there is no such
/// address, and nothing about payments.
const NOT_FOUND: &str = "AUTHORIZATION_NOT_FOUND";

/// The code that says that something else was booked under the same key.
const KEY_REUSED: &str = "IDEMPOTENCY_KEY_REUSED";

/// What came back, within its bound.
pub(super) struct Answer {
    pub status: StatusCode,
    pub body: Vec<u8>,
}

#[derive(Deserialize)]
struct AuthorizationBody {
    authorization_id: String,
    status: String,
    decline_code: Option<String>,
    amount: i64,
    currency: Currency,
}

#[derive(Deserialize)]
struct Problem {
    code: String,
}

/// The answer to an authorization: how it went.
pub(super) fn by_itself(answer: &Answer) -> Result<Authorization, CallError> {
    match stands(answer) {
        // There is nothing yet that could be found: it is the address that is wrong.
        Err(CallError::NotFound) => Err(CallError::Later(unexpected(answer))),
        result => result,
    }
}

/// An authorization as it stands.
pub(super) fn stands(answer: &Answer) -> Result<Authorization, CallError> {
    if !answer.status.is_success() {
        return Err(refusal(answer));
    }
    let body: AuthorizationBody = parse(answer)?;
    match body.status.as_str() {
        "declined" => Ok(Authorization::Declined {
            code: body.decline_code.unwrap_or_else(|| "declined".into()),
        }),
        // Taken in part or whole, so it was authorized.
        "authorized" | "captured" => Ok(Authorization::Authorized {
            authorization_id: body.authorization_id,
            amount: Money::new(body.amount, body.currency),
        }),
        // It was authorized, but nothing is set aside any more.
        "voided" | "expired" => Ok(Authorization::Declined { code: body.status }),
        status => Err(odd(format!("the status {status:?}"))),
    }
}

/// The answer to a void. What is gone already need not be given back: nobody's money is held.
pub(super) fn void(answer: &Answer, authorization_id: &str) -> Result<(), CallError> {
    match done(answer, authorization_id, "voided") {
        Err(CallError::Refused(code))
            if answer.status == StatusCode::CONFLICT && GONE.contains(&code.as_str()) =>
        {
            Ok(())
        }
        voided => voided.map(drop),
    }
}

/// The answer to a capture: of this amount and no other.
pub(super) fn capture(
    answer: &Answer,
    authorization_id: &str,
    amount: Money,
) -> Result<(), CallError> {
    let body = done(answer, authorization_id, "captured")?;
    let captured = Money::new(body.amount, body.currency);
    match captured == amount {
        true => Ok(()),
        false => Err(odd(format!("it took {captured} instead of {amount}"))),
    }
}

fn done(
    answer: &Answer,
    authorization_id: &str,
    status: &str,
) -> Result<AuthorizationBody, CallError> {
    if !answer.status.is_success() {
        return Err(refusal(answer));
    }
    let body: AuthorizationBody = parse(answer)?;
    if body.authorization_id != authorization_id {
        return Err(odd("it speaks of another authorization".into()));
    }
    if body.status != status {
        return Err(odd(format!("the status {:?}", body.status)));
    }
    Ok(body)
}

/// What an answer means that is no success.
///
/// Only what the provider says about this very payment refuses it. A wrong address, a wrong
/// password or a bad day says nothing about it: else one mistake in the settings would decline the
/// payment of every order.
pub(super) fn refusal(answer: &Answer) -> CallError {
    let code = code(&answer.body);
    let is = |wanted: &str| code.as_deref() == Some(wanted);
    match answer.status.as_u16() {
        400 | 402 | 422 if is(KEY_REUSED) => {
            CallError::Unknown("something else was booked under the same key".into())
        }
        400 | 402 | 422 => CallError::Refused(code.unwrap_or_else(|| answer.status.to_string())),
        404 if is(NOT_FOUND) => CallError::NotFound,
        409 => match code.filter(|code| FINAL_CONFLICTS.contains(&code.as_str())) {
            Some(code) => CallError::Refused(code),
            None => CallError::Later(unexpected(answer)),
        },
        300..=499 | 503 => CallError::Later(unexpected(answer)),
        _ => CallError::Unknown(unexpected(answer)),
    }
}

fn unexpected(answer: &Answer) -> String {
    format!("the provider answered {}", answer.status)
}

/// The code of a problem, if it has one that looks like one.
fn code(body: &[u8]) -> Option<String> {
    let problem: Problem = serde_json::from_slice(body).ok()?;
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    let fits = (1..=MAX_CODE).contains(&problem.code.len()) && problem.code.chars().all(plain);
    fits.then_some(problem.code)
}

fn parse<T: DeserializeOwned>(answer: &Answer) -> Result<T, CallError> {
    serde_json::from_slice(&answer.body).map_err(|error| odd(error.to_string()))
}

fn odd(what: String) -> CallError {
    CallError::Unknown(format!("the provider's answer is odd: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            body: body.into(),
        }
    }

    fn authorization(status: &str) -> Answer {
        let body = format!(
            r#"{{"authorization_id":"a","reference":"r","status":"{status}","decline_code":null,"amount":5,"currency":"EUR"}}"#
        );
        answer(200, &body)
    }

    fn eur(amount: i64) -> Money {
        Money::new(amount, Currency::parse("EUR").unwrap())
    }

    /// What each status means for the same call: refused for good, to be put again, or unknown.
    #[test]
    fn only_what_is_said_about_the_payment_refuses_it() {
        let problem = |code: &str| format!(r#"{{"title":"x","code":"{code}"}}"#);
        let refused = |code: &str| CallError::Refused(code.into());
        for status in [400, 402, 422] {
            assert_eq!(
                refusal(&answer(status, &problem("INVALID_FIELD"))),
                refused("INVALID_FIELD")
            );
            let reused = refusal(&answer(status, &problem("IDEMPOTENCY_KEY_REUSED")));
            assert!(matches!(reused, CallError::Unknown(_)), "{reused}");
        }
        assert_eq!(
            refusal(&answer(422, "<html>")),
            refused("422 Unprocessable Entity")
        );
        for code in FINAL_CONFLICTS {
            assert_eq!(refusal(&answer(409, &problem(code))), refused(code));
        }
        assert_eq!(
            refusal(&answer(404, &problem(NOT_FOUND))),
            CallError::NotFound
        );
        for status in [
            301, 307, 401, 403, 404, 405, 408, 409, 413, 415, 425, 429, 451, 503,
        ] {
            let error = refusal(&answer(status, &problem("ANYTHING")));
            assert!(matches!(error, CallError::Later(_)), "{status}: {error}");
        }
        for status in [100, 500, 501, 502, 504, 599] {
            let error = refusal(&answer(status, &problem("ANYTHING")));
            assert!(matches!(error, CallError::Unknown(_)), "{status}: {error}");
        }
    }

    #[test]
    fn a_code_is_taken_over_only_if_it_is_one() {
        let long = "X".repeat(65);
        for odd in ["", "a b", "a\\u0000", long.as_str(), "ä"] {
            let body = format!(r#"{{"code":"{odd}"}}"#);
            let error = refusal(&answer(402, &body));
            assert_eq!(error, CallError::Refused("402 Payment Required".into()));
        }
    }

    #[test]
    fn an_authorization_is_authorized_if_something_is_or_was_taken() {
        let authorized = Authorization::Authorized {
            authorization_id: "a".into(),
            amount: eur(5),
        };
        for status in ["authorized", "captured"] {
            assert_eq!(stands(&authorization(status)), Ok(authorized.clone()));
        }
        for code in ["declined", "voided", "expired"] {
            let declined = Authorization::Declined { code: code.into() };
            assert_eq!(stands(&authorization(code)), Ok(declined));
        }
        let missing = answer(404, r#"{"code":"AUTHORIZATION_NOT_FOUND"}"#);
        assert_eq!(stands(&missing), Err(CallError::NotFound));
        assert!(matches!(by_itself(&missing), Err(CallError::Later(_))));
    }

    #[test]
    fn what_is_gone_already_is_given_back() {
        let void =
            |status, code: &str| void(&answer(status, &format!(r#"{{"code":"{code}"}}"#)), "a");
        let refused = |code: &str| Err(CallError::Refused(code.into()));
        for code in ["AUTHORIZATION_VOIDED", "AUTHORIZATION_EXPIRED"] {
            assert_eq!(void(409, code), Ok(()));
            assert_eq!(void(422, code), refused(code));
        }
        // Money was taken, or there never was any: that is for people.
        for code in ["AUTHORIZATION_CAPTURED", "AUTHORIZATION_DECLINED"] {
            assert_eq!(void(409, code), refused(code));
        }
    }

    #[test]
    fn garbage_says_nothing() {
        for body in ["", "{}", "<html>", "[1]", "\u{0}", r#"{"status":"voided"}"#] {
            let body = answer(200, body);
            assert!(matches!(stands(&body), Err(CallError::Unknown(_))));
            assert!(matches!(void(&body, "a"), Err(CallError::Unknown(_))));
        }
        let odd = authorization("teapot");
        assert!(matches!(stands(&odd), Err(CallError::Unknown(_))));
    }

    #[test]
    fn a_void_and_a_capture_are_done_only_if_it_says_so_of_ours() {
        assert_eq!(void(&authorization("voided"), "a"), Ok(()));
        assert_eq!(capture(&authorization("captured"), "a", eur(5)), Ok(()));
        for wrong in [
            void(&authorization("authorized"), "a"),
            void(&authorization("voided"), "b"),
            capture(&authorization("captured"), "a", eur(6)),
            capture(&authorization("authorized"), "a", eur(5)),
        ] {
            assert!(matches!(wrong, Err(CallError::Unknown(_))), "{wrong:?}");
        }
    }
}
