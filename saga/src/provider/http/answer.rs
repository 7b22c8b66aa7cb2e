//! What the provider's answers mean.

use crate::{
    participant::http::Answer,
    provider::{Authorization, CallError},
};
use chrono::{DateTime, Utc};
use domain::{Currency, Money};
use reqwest::StatusCode;
use serde::Deserialize;

/// The conflicts of a void that say that there is nothing left to give back.
const GONE: [&str; 3] = [
    "AUTHORIZATION_VOIDED",
    "AUTHORIZATION_EXPIRED",
    // Who pays was to do something, and has not.
    "AUTHORIZATION_DECLINED",
];

#[derive(Deserialize)]
struct AuthorizationBody {
    authorization_id: String,
    status: String,
    decline_code: Option<String>,
    amount: i64,
    currency: Currency,
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
    #[serde(default)]
    action: Option<ActionBody>,
}

/// What who pays is to do.
#[derive(Deserialize)]
struct ActionBody {
    url: String,
    #[serde(default)]
    until: Option<DateTime<Utc>>,
}

/// The answer to an authorization: how it went.
pub(super) fn by_itself(answer: &Answer) -> Result<Authorization, CallError> {
    meaning(answer, answer.success_of_new()?)
}

/// An authorization as it stands.
pub(super) fn stands(answer: &Answer) -> Result<Authorization, CallError> {
    meaning(answer, answer.success()?)
}

fn meaning(answer: &Answer, body: AuthorizationBody) -> Result<Authorization, CallError> {
    match body.status.as_str() {
        "declined" => Ok(Authorization::Declined {
            code: body.decline_code.unwrap_or_else(|| "declined".into()),
        }),
        // Taken in part or whole, so it was authorized.
        "authorized" | "captured" => Ok(Authorization::Authorized {
            authorization_id: body.authorization_id,
            amount: Money::new(body.amount, body.currency),
            expires_at: body.expires_at,
        }),
        "requires_action" => match body.action {
            Some(action) => Ok(Authorization::ActionRequired {
                authorization_id: body.authorization_id,
                url: action.url,
                until: action.until,
            }),
            None => Err(answer.odd("something is to be done, and it does not say where")),
        },
        // It was authorized, but nothing is set aside any more.
        "voided" | "expired" => Ok(Authorization::Declined { code: body.status }),
        status => Err(answer.odd(format_args!("the status {status:?}"))),
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

/// The answer to the release of what is left. Nothing is left of what is gone.
pub(super) fn release(answer: &Answer, authorization_id: &str) -> Result<(), CallError> {
    match done(answer, authorization_id, "released") {
        Err(CallError::Refused(code))
            if answer.status == StatusCode::CONFLICT && GONE.contains(&code.as_str()) =>
        {
            Ok(())
        }
        released => released.map(drop),
    }
}

/// The answer to a capture: of this amount and no other.
pub(super) fn capture(
    answer: &Answer,
    authorization_id: &str,
    amount: Money,
) -> Result<(), CallError> {
    moved(answer, authorization_id, "captured", amount)
}

/// The answer to a refund: of this amount and no other.
pub(super) fn refund(
    answer: &Answer,
    authorization_id: &str,
    amount: Money,
) -> Result<(), CallError> {
    moved(answer, authorization_id, "refunded", amount)
}

fn moved(
    answer: &Answer,
    authorization_id: &str,
    status: &str,
    amount: Money,
) -> Result<(), CallError> {
    let body = done(answer, authorization_id, status)?;
    let moved = Money::new(body.amount, body.currency);
    match moved == amount {
        true => Ok(()),
        false => Err(answer.odd(format_args!("{moved} is {status} instead of {amount}"))),
    }
}

fn done(
    answer: &Answer,
    authorization_id: &str,
    status: &str,
) -> Result<AuthorizationBody, CallError> {
    let body: AuthorizationBody = answer.success()?;
    if body.authorization_id != authorization_id {
        return Err(answer.odd("it speaks of another authorization"));
    }
    if body.status != status {
        return Err(answer.odd(format_args!("the status {:?}", body.status)));
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::{super::DIALECT, *};

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            body: body.into(),
            dialect: &DIALECT,
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

    #[test]
    fn an_authorization_is_authorized_if_something_is_or_was_taken() {
        let authorized = Authorization::Authorized {
            authorization_id: "a".into(),
            amount: eur(5),
            expires_at: None,
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
    fn what_is_to_be_done_says_where() {
        let said = |action: &str| {
            let body = format!(
                r#"{{"authorization_id":"a","status":"requires_action","amount":5,"currency":"EUR"{action}}}"#
            );
            by_itself(&answer(200, &body))
        };
        let expected = |until: Option<&str>| {
            Ok(Authorization::ActionRequired {
                authorization_id: "a".into(),
                url: "https://p.test/1".into(),
                until: until.map(|until| until.parse().unwrap()),
            })
        };
        let url = r#","action":{"url":"https://p.test/1"}"#;
        assert_eq!(said(url), expected(None));
        let time = "2026-01-01T00:00:00Z";
        let both = format!(r#","action":{{"url":"https://p.test/1","until":"{time}"}}"#);
        assert_eq!(said(&both), expected(Some(time)));
        assert!(matches!(said(""), Err(CallError::Unknown(_))));
    }

    #[test]
    fn what_is_gone_already_is_given_back() {
        let void =
            |status, code: &str| void(&answer(status, &format!(r#"{{"code":"{code}"}}"#)), "a");
        let refused = |code: &str| Err(CallError::Refused(code.into()));
        for code in GONE {
            assert_eq!(void(409, code), Ok(()));
            assert_eq!(void(422, code), refused(code));
        }
        // Money was taken: that is for people.
        let code = "AUTHORIZATION_CAPTURED";
        assert_eq!(void(409, code), refused(code));
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
    fn it_is_done_only_if_it_says_so_of_ours() {
        assert_eq!(void(&authorization("voided"), "a"), Ok(()));
        assert_eq!(capture(&authorization("captured"), "a", eur(5)), Ok(()));
        assert_eq!(refund(&authorization("refunded"), "a", eur(5)), Ok(()));
        let usd = Money::new(5, Currency::parse("USD").unwrap());
        for wrong in [
            void(&authorization("authorized"), "a"),
            void(&authorization("voided"), "b"),
            capture(&authorization("captured"), "a", eur(6)),
            capture(&authorization("captured"), "a", usd),
            capture(&authorization("authorized"), "a", eur(5)),
            refund(&authorization("refunded"), "a", eur(4)),
            refund(&authorization("refunded"), "a", usd),
            refund(&authorization("refunded"), "b", eur(5)),
            refund(&authorization("captured"), "a", eur(5)),
        ] {
            assert!(matches!(wrong, Err(CallError::Unknown(_))), "{wrong:?}");
        }
    }

    #[test]
    fn nothing_is_given_back_of_what_was_not_taken() {
        for code in [
            "AUTHORIZATION_NOT_CAPTURED",
            "AUTHORIZATION_VOIDED",
            "AUTHORIZATION_DECLINED",
        ] {
            let conflict = answer(409, &format!(r#"{{"code":"{code}"}}"#));
            let refused = Err(CallError::Refused(code.into()));
            assert_eq!(refund(&conflict, "a", eur(5)), refused);
        }
        let busy = refund(&answer(409, r#"{"code":"IN_PROGRESS"}"#), "a", eur(5));
        assert!(matches!(busy, Err(CallError::Later(_))), "{busy:?}");
    }
}
