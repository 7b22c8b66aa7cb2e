//! A JSON body, parsed strictly and kept as it came.

mod lines;
mod parse;
mod strict;

pub use lines::{JsonLine, JsonLines};

use axum::{
    body::{Body, HttpBody},
    extract::{FromRequest, Request},
    http::HeaderMap,
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

use crate::{
    extract::media_type,
    layers::{BodyLimits, BodyShare, RETRY_AFTER},
    problem::Problem,
};
use parse::Part;

/// Room that is made for a body before it has come, at most, in bytes.
const MODEST: usize = 16 << 10;

/// A JSON body as a `T`, and the bytes it was (for fingerprints).
///
/// Where nothing must be said, no body at all is as good as an empty object, whatever type it is said to
/// be of.
///
/// `T` should say `#[serde(deny_unknown_fields)]`. Refuses another content type (415), a body
/// over the limit, announced or not (413), one that does not arrive in time (408), one for which
/// there is no memory among those that are in work (503), and anything that is not a `T` (400, with
/// line and column or the JSON pointer of the field).
#[derive(Debug, Clone)]
pub struct StrictJson<T> {
    /// The parsed body.
    pub value: T,
    /// The body's bytes.
    pub raw: Bytes,
}

/// A JSON body as the bytes it was, for what must be known to be genuine before it is looked into.
///
/// Refuses what [`StrictJson`] refuses before it parses.
#[derive(Debug, Clone)]
pub struct RawJson(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RawJson {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::unsupported_media_type("application/json"));
        }
        let limits = BodyLimits::of(request.extensions());
        let share = BodyShare::of(request.extensions());
        read(request.into_body(), limits, share).await.map(Self)
    }
}

impl<S, T> FromRequest<S> for StrictJson<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if request.body().size_hint().exact() == Some(0)
            && let Ok(value) = parse::parse(b"{}", Part::Body)
        {
            let raw = Bytes::new();
            return Ok(Self { value, raw });
        }
        if !is_json(request.headers()) {
            return Err(Problem::unsupported_media_type("application/json"));
        }
        let limits = BodyLimits::of(request.extensions());
        let share = BodyShare::of(request.extensions());
        let raw = read(request.into_body(), limits, share).await?;
        Ok(Self {
            value: parse::parse(&raw, Part::Body)?,
            raw,
        })
    }
}

/// `application/json` or `application/*+json`, with any parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let Some((top, sub)) = media_type(headers).and_then(|essence| essence.split_once('/')) else {
        return false;
    };
    let suffix = sub.rsplit_once('+').map_or(sub, |(_, suffix)| suffix);
    top.eq_ignore_ascii_case("application") && suffix.eq_ignore_ascii_case("json")
}

async fn read(body: Body, limits: BodyLimits, share: BodyShare) -> Result<Bytes, Problem> {
    // A body that announces itself as too large is refused before any of it is read.
    if body.size_hint().lower() > limits.max_bytes as u64 {
        return Err(Problem::payload_too_large(limits.max_bytes));
    }
    let collect = collect(body, limits.max_bytes, share);
    match tokio::time::timeout(limits.timeout, collect).await {
        Ok(body) => body,
        Err(_) => Err(Problem::request_timeout(
            "The request body did not arrive in time.",
        )),
    }
}

async fn collect(mut body: Body, max_bytes: usize, mut share: BodyShare) -> Result<Bytes, Problem> {
    // Most bodies are whole in one frame, and taken as they are. Others are copied together: a
    // frame of some bytes would keep all of the buffer that it was read into.
    let (mut first, mut rest) = (Bytes::new(), BytesMut::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            Problem::bad_request("BODY_INCOMPLETE", "The request body ended before its end.")
        })?;
        // Trailers say nothing to us.
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let before = first.len() + rest.len();
        if before + data.len() > max_bytes {
            return Err(Problem::payload_too_large(max_bytes));
        }
        if !share.take(data.len()) {
            metrics::counter!("http_requests_shed_total").increment(1);
            return Err(Problem::service_unavailable(
                "OVERLOADED",
                "Too many request bodies are being read; nothing was done, try again shortly.",
                RETRY_AFTER,
            ));
        }
        if before == 0 {
            first = data;
            continue;
        }
        if rest.is_empty() {
            // Of what was announced as much as is modest is there at once, and not a little more with
            // each frame; room for the rest comes as it is counted.
            let announced = usize::try_from(body.size_hint().lower()).unwrap_or_default();
            rest.reserve(before + data.len() + announced.min(MODEST));
            rest.extend_from_slice(&std::mem::take(&mut first));
        }
        rest.extend_from_slice(&data);
    }
    let whole = if rest.is_empty() {
        first
    } else {
        rest.freeze()
    };
    Ok(share.hold(whole))
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, time::Duration};

    use axum::http::StatusCode;
    use futures::stream;
    use serde::Deserialize;

    use super::*;
    use crate::layers::RequestContext;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Placement {
        customer: String,
        lines: Vec<Line>,
        to: Option<Address>,
        gift: Option<bool>,
        weight: Option<f64>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Address {
        town: Town,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Town(Named);

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Named {
        name: String,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        sku: String,
        quantity: u32,
    }

    const GOOD: &str = r#"{"customer": "c", "lines": [{"sku": "s", "quantity": 2}]}"#;

    async fn extract(content_type: &str, body: Body) -> Result<StrictJson<Placement>, Problem> {
        let mut request = Request::new(body);
        request
            .headers_mut()
            .insert("content-type", content_type.parse().unwrap());
        let limits = BodyLimits {
            max_bytes: 200,
            timeout: Duration::from_millis(50),
        };
        request
            .extensions_mut()
            .insert(RequestContext::of(&HeaderMap::new(), limits));
        StrictJson::from_request(request, &()).await
    }

    async fn refusal(body: &'static str) -> Problem {
        extract("application/json", Body::from(body))
            .await
            .unwrap_err()
    }

    #[tokio::test]
    async fn a_good_body_is_parsed_and_kept_as_it_came() {
        for content_type in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/x+json",
        ] {
            let json = extract(content_type, Body::from(GOOD)).await.unwrap();
            assert_eq!(json.raw, GOOD);
            assert_eq!(
                json.value.lines,
                [Line {
                    sku: "s".to_owned(),
                    quantity: 2
                }]
            );
        }
    }

    #[tokio::test]
    async fn another_content_type_is_415() {
        for content_type in [
            "text/plain",
            "application/jsonx",
            "json",
            "application/x-www-form-urlencoded",
        ] {
            let problem = extract(content_type, Body::from(GOOD)).await.unwrap_err();
            assert_eq!(
                problem.status(),
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "{content_type}"
            );
        }
        let bare = Request::new(Body::from(GOOD));
        let problem = StrictJson::<Placement>::from_request(bare, &())
            .await
            .unwrap_err();
        assert_eq!(problem.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }

    #[tokio::test]
    async fn a_large_body_is_413_announced_or_not() {
        let announced = extract("application/json", Body::from(vec![b' '; 201])).await;
        assert_eq!(
            announced.unwrap_err().status(),
            StatusCode::PAYLOAD_TOO_LARGE
        );

        let chunks = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[b' '; 64])));
        let endless = extract("application/json", Body::from_stream(chunks)).await;
        assert_eq!(endless.unwrap_err().status(), StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_408() {
        let never = stream::pending::<Result<Bytes, Infallible>>();
        let problem = extract("application/json", Body::from_stream(never))
            .await
            .unwrap_err();
        assert_eq!(problem.status(), StatusCode::REQUEST_TIMEOUT);
        assert!(problem.details().retryable);
    }

    #[tokio::test]
    async fn broken_syntax_is_400_with_line_and_column() {
        let problem = refusal("{\n\"customer\": }").await;
        assert_eq!(
            (problem.status().as_u16(), problem.code()),
            (400, "INVALID_JSON")
        );
        assert!(
            problem.details().detail.contains("line 2 column 13"),
            "{problem}"
        );

        assert!(refusal("  ").await.details().detail.contains("empty"));
        let trailing = r#"{"customer": "c", "lines": []} x"#;
        assert_eq!(refusal(trailing).await.code(), "INVALID_JSON");
        assert_eq!(refusal("\u{feff}{}").await.code(), "INVALID_JSON");
    }

    #[tokio::test]
    async fn a_wrong_shape_is_400_and_names_the_field() {
        const ARRAY: &str = "invalid type: an array, expected an object";
        for (body, pointer, says) in [
            (
                r#"{"customer": "c", "lines": [{"sku": "s", "quantity": -1}]}"#,
                "/lines/0/quantity",
                "-1",
            ),
            (
                r#"{"customer": "c", "lines": [{"sku": "s"}]}"#,
                "/lines/0",
                "missing field `quantity`",
            ),
            (
                r#"{"customer": "c", "lines": [], "a/b": 1}"#,
                "/a~1b",
                "unknown field `a/b`",
            ),
            (
                r#"{"customer": 1, "lines": []}"#,
                "/customer",
                "expected a string",
            ),
            (
                r#"{"customer": "c", "customer": "d", "lines": []}"#,
                "",
                "duplicate field `customer`",
            ),
            ("[]", "", ARRAY),
            (r#"["c", []]"#, "", ARRAY),
            (
                r#"{"customer": "c", "lines": [["s", 2]]}"#,
                "/lines/0",
                ARRAY,
            ),
            (
                r#"{"customer": "c", "lines": [], "to": [{"name": "t"}]}"#,
                "/to",
                ARRAY,
            ),
            (
                r#"{"customer": "c", "lines": [], "to": {"town": ["t"]}}"#,
                "/to/town",
                ARRAY,
            ),
            (
                r#"{"customer": "c", "lines": {}}"#,
                "/lines",
                "an object, expected an array",
            ),
            (
                r#"{"customer": "c", "lines": [{"sku": "s", "quantity": 1.5}]}"#,
                "/lines/0/quantity",
                "invalid type: number `1.5`, expected a whole number",
            ),
            (
                r#"{"customer": "c", "lines": [{"sku": "s", "quantity": "1"}]}"#,
                "/lines/0/quantity",
                "expected a whole number",
            ),
            (
                r#"{"customer": "c", "lines": [{"sku": "s", "quantity": 4294967296}]}"#,
                "/lines/0/quantity",
                "number `4294967296`, expected a whole number in range",
            ),
            (
                r#"{"customer": "c", "lines": [], "gift": 1}"#,
                "/gift",
                "expected true or false",
            ),
            (
                r#"{"customer": "c", "lines": [], "weight": null, "to": 1}"#,
                "/to",
                "expected an object",
            ),
            (
                r#"{"customer": "c", "lines": [], "weight": "1"}"#,
                "/weight",
                "expected a number",
            ),
        ] {
            let problem = refusal(body).await;
            assert_eq!(
                (problem.status().as_u16(), problem.code()),
                (400, "INVALID_BODY"),
                "{body}"
            );
            let error = &problem.details().errors[0];
            assert_eq!(error.pointer, pointer, "{body}: {error:?}");
            assert!(error.detail.contains(says), "{error:?}");
            assert!(!error.detail.contains(" at line "), "{error:?}");
            // What is said is for people who have never seen this program.
            for word in [
                "struct",
                "u32",
                "f64",
                "sequence",
                "map",
                "Placement",
                "Named",
            ] {
                assert!(!error.detail.contains(word), "{error:?}");
            }
        }
    }

    #[tokio::test]
    async fn what_is_optional_or_wrapped_is_read_as_any_other() {
        let body = r#"{"lines": [], "customer": "c", "gift": true, "weight": 2,
            "to": {"town": {"name": "t"}}}"#;
        let placement = extract("application/json", Body::from(body))
            .await
            .unwrap()
            .value;
        let name = "t".to_owned();
        let town = Town(Named { name });
        assert_eq!(placement.to, Some(Address { town }));
        assert_eq!((placement.gift, placement.weight), (Some(true), Some(2.0)));
    }
}
