//! `Consistency-Token` and `Prefer: wait=N`: a reader that must see its own write.

use crate::{
    api::Api,
    freshness::{Projection, Waited},
    problem,
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, request::Parts},
};
use chassis::{
    Problem,
    token::{ConsistencyToken, InvalidToken},
};
use domain::Position;
use std::time::Duration;

const CONSISTENCY_TOKEN: HeaderName = HeaderName::from_static("consistency-token");
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The wait of a reader that does not say.
const DEFAULT_WAIT: Duration = Duration::from_secs(2);

/// What a reader must see, and how long it wants to wait for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ReadYourWrites {
    token: Option<ConsistencyToken>,
    wait: Option<Duration>,
}

impl ReadYourWrites {
    /// Whether there is a write that must be seen.
    pub(crate) const fn names_one(&self) -> bool {
        self.token.is_some()
    }

    /// Waits until `projection` has what the reader must see. False if it does not have it in time.
    ///
    /// # Errors
    /// 409: the token is of another life of the event store.
    pub(crate) async fn is_seen(&self, api: &Api, projection: Projection) -> Result<bool, Problem> {
        let Some(token) = self.token else {
            return Ok(true);
        };
        let patience = self.wait.unwrap_or(DEFAULT_WAIT).min(api.max_wait);
        match api.freshness.wait(projection, token, patience).await {
            Waited::Reached => Ok(true),
            Waited::Late => Ok(false),
            Waited::OtherEpoch => Err(problem::token_of_another_epoch()),
        }
    }

    /// As [`is_seen`](Self::is_seen), where there is no other way to see it.
    ///
    /// # Errors
    /// 503 if it is not seen in time; 409 as above.
    pub(crate) async fn insist(&self, api: &Api, projection: Projection) -> Result<(), Problem> {
        match self.is_seen(api, projection).await? {
            true => Ok(()),
            false => Err(problem::lagging()),
        }
    }

    /// From where on what must be seen can be read from the store, for rows of `projection`: up to there
    /// they have everything. None while they are of another life of the store.
    pub(crate) fn readable_from(&self, api: &Api, projection: Projection) -> Option<Position> {
        let token = self.token?;
        api.freshness.holds_up_to(projection, token)
    }

    /// What a call says of it.
    ///
    /// # Errors
    /// 400: the token is none.
    pub(crate) fn of_call(token: &str, wait: Option<u32>) -> Result<Self, Problem> {
        Ok(Self {
            token: match token {
                "" => None,
                text => Some(parse_token(text)?),
            },
            wait: wait.map(|seconds| Duration::from_secs(seconds.into())),
        })
    }

    fn parse(headers: &HeaderMap) -> Result<Self, Problem> {
        Ok(Self {
            token: token(headers)?,
            wait: wait(headers)?,
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ReadYourWrites {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::parse(&parts.headers)
    }
}

fn token(headers: &HeaderMap) -> Result<Option<ConsistencyToken>, Problem> {
    let mut values = headers.get_all(CONSISTENCY_TOKEN).iter();
    let (value, more) = (values.next(), values.next());
    if more.is_some() {
        return Err(invalid_token("it is given more than once; send the latest"));
    }
    value
        .map(|value| parse_token(value.to_str().unwrap_or_default()))
        .transpose()
}

fn parse_token(text: &str) -> Result<ConsistencyToken, Problem> {
    text.parse()
        .map_err(|error: InvalidToken| invalid_token(&error.to_string()))
}

fn invalid_token(detail: &str) -> Problem {
    Problem::bad_request(
        "INVALID_CONSISTENCY_TOKEN",
        format!("Consistency-Token: {detail}."),
    )
    .with_error("header:Consistency-Token", "INVALID", detail)
}

/// `wait` among the preferences of RFC 7240; those that are not known are ignored, as it demands.
fn wait(headers: &HeaderMap) -> Result<Option<Duration>, Problem> {
    let preferences = headers
        .get_all(PREFER)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    for preference in preferences {
        let preference = preference.split(';').next().unwrap_or_default();
        let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
        if name.trim().eq_ignore_ascii_case("wait") {
            // The first counts.
            let seconds = value.trim().trim_matches('"').parse();
            return match seconds {
                Ok(seconds) => Ok(Some(Duration::from_secs(seconds))),
                Err(_) => {
                    let rule = "wait must be a whole number of seconds, such as wait=2";
                    Err(
                        Problem::bad_request("INVALID_PREFER", format!("Prefer: {rule}."))
                            .with_error("header:Prefer", "INVALID", rule),
                    )
                }
            };
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn parse(headers: &[(&'static str, &str)]) -> Result<ReadYourWrites, String> {
        let headers = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        });
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value);
        }
        ReadYourWrites::parse(&map).map_err(|problem| problem.code().to_owned())
    }

    #[test]
    fn the_wait_is_found_among_preferences() {
        for (prefer, seconds) in [
            ("wait=3", Some(3)),
            ("return=minimal, Wait = \"5\"; x=y", Some(5)),
            ("respond-async", None),
            ("wait=1, wait=9", Some(1)),
        ] {
            let wait = parse(&[("prefer", prefer)]).unwrap().wait;
            assert_eq!(wait, seconds.map(Duration::from_secs), "{prefer}");
        }
        for prefer in ["wait", "wait=", "wait=soon", "wait=-1", "wait=1.5"] {
            let refused = parse(&[("prefer", prefer)]);
            assert_eq!(refused, Err("INVALID_PREFER".to_owned()), "{prefer}");
        }
    }

    #[test]
    fn a_token_is_one_that_was_given_out() {
        let token = ConsistencyToken {
            epoch: uuid::Uuid::from_u128(5),
            position: 12,
        };
        let text = token.to_string();
        let parsed = parse(&[("consistency-token", &text)]).unwrap();
        assert_eq!(parsed.token, Some(token));
        for wrong in [
            &[("consistency-token", "12")][..],
            &[("consistency-token", "")],
            &[("consistency-token", &text), ("consistency-token", &text)],
        ] {
            let refused = parse(wrong);
            assert_eq!(refused, Err("INVALID_CONSISTENCY_TOKEN".to_owned()));
        }
    }
}
