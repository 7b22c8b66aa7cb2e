//! A JSON body, parsed strictly and kept as it came.

use axum::{
    body::{Body, HttpBody},
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use crate::{layers::BodyLimits, problem::Problem};

/// A JSON body as a `T`, and the bytes it was (for fingerprints).
///
/// `T` should say `#[serde(deny_unknown_fields)]`. Refuses another content type (415), a body
/// over the limit, announced or not (413), one that does not arrive in time (408), and anything
/// that is not a `T` (400, with line and column or the JSON pointer of the field).
#[derive(Debug, Clone)]
pub struct StrictJson<T> {
    /// The parsed body.
    pub value: T,
    /// The body's bytes.
    pub raw: Bytes,
}

impl<S, T> FromRequest<S> for StrictJson<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::unsupported_media_type("application/json"));
        }
        let limits = BodyLimits::of(request.extensions());
        let raw = read(request.into_body(), limits).await?;
        Ok(Self {
            value: parse(&raw)?,
            raw,
        })
    }
}

/// `application/json` or `application/*+json`, with any parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers
        .get(header::CONTENT_TYPE)
        .map(|value| value.to_str())
    else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim();
    let Some((top, sub)) = essence.split_once('/') else {
        return false;
    };
    let suffix = sub.rsplit_once('+').map_or(sub, |(_, suffix)| suffix);
    top.eq_ignore_ascii_case("application") && suffix.eq_ignore_ascii_case("json")
}

async fn read(body: Body, limits: BodyLimits) -> Result<Bytes, Problem> {
    let too_large = || Problem::payload_too_large(limits.max_bytes);
    // A body that announces itself as too large is refused before any of it is read.
    if body.size_hint().lower() > limits.max_bytes as u64 {
        return Err(too_large());
    }
    let collect = Limited::new(body, limits.max_bytes).collect();
    match tokio::time::timeout(limits.timeout, collect).await {
        Err(_) => Err(Problem::request_timeout(
            "The request body did not arrive in time.",
        )),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::bad_request(
            "BODY_INCOMPLETE",
            "The request body ended before its end.",
        )),
    }
}

fn parse<T: DeserializeOwned>(raw: &[u8]) -> Result<T, Problem> {
    // The short way first: keeping track of paths costs, and only an error needs them.
    serde_json::from_slice(raw).or_else(|_| explain(raw))
}

/// Parses again, to name the place of the error.
fn explain<T: DeserializeOwned>(raw: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(raw);
    let (pointer, error) = match serde_path_to_error::deserialize(&mut deserializer) {
        Ok(value) => match deserializer.end() {
            Ok(()) => return Ok(value),
            Err(error) => (String::new(), error),
        },
        Err(error) => (pointer(error.path()), error.into_inner()),
    };
    if raw.trim_ascii().is_empty() {
        return Err(Problem::bad_request(
            "INVALID_JSON",
            "The request body is empty.",
        ));
    }
    if error.is_data() {
        let what = without_position(&error);
        let place = if pointer.is_empty() {
            "The request body"
        } else {
            pointer.as_str()
        };
        return Err(
            Problem::bad_request("INVALID_BODY", format!("{place}: {what}."))
                .with_error(pointer, "INVALID", what),
        );
    }
    Err(Problem::bad_request(
        "INVALID_JSON",
        format!("The request body is not JSON: {error}."),
    ))
}

/// RFC 6901.
fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            // A variant's name stands in the value of a tag, not in the path of the document.
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// The pointer says it better than line and column.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&position)
        .map(str::to_owned)
        .unwrap_or(text)
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
            ("[]", "", "length"),
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
        }
    }
}
