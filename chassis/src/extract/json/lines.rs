//! A body of many JSON documents, one in a line (NDJSON), taken as it arrives.

use axum::{
    Error as BodyError,
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode},
};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use tonic::Status;

use super::parse::{Part, parse};
use crate::{
    extract::media_type,
    layers::{BodyLimits, RETRY_AFTER},
    problem::Problem,
};

/// What a body of lines is called; there is no registered name.
const MEDIA_TYPES: [&str; 2] = ["application/x-ndjson", "application/ndjson"];

/// A body of lines, each a JSON document by itself, as far as it has been read.
///
/// Refuses another content type (415). A line has at most as many bytes as the body of another request
/// (`http.max_body_bytes`); only one of them is kept at a time. How long the whole may take, and how
/// many lines it may have, is for its reader to say.
#[derive(Debug)]
pub struct JsonLines {
    body: Body,
    /// What has come and was not looked at.
    rest: Bytes,
    /// The beginning of the line that is being read.
    begun: Vec<u8>,
    /// Whether that line is too long: the rest of it is thrown away.
    is_too_long: bool,
    /// Lines that have ended.
    ended: u64,
    max_bytes: usize,
}

/// One line that is not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonLine {
    /// Its number in the body, from 1; blank lines are counted.
    pub number: u64,
    /// What stands in it, without the white space around; or that it was too long (413).
    pub content: Result<Bytes, Problem>,
}

impl<S: Send + Sync> FromRequest<S> for JsonLines {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_ndjson(request.headers()) {
            return Err(Problem::unsupported_media_type(MEDIA_TYPES[0]));
        }
        Ok(Self {
            max_bytes: BodyLimits::of(request.extensions()).max_bytes,
            body: request.into_body(),
            rest: Bytes::new(),
            begun: Vec::new(),
            is_too_long: false,
            ended: 0,
        })
    }
}

fn is_ndjson(headers: &HeaderMap) -> bool {
    let essence = media_type(headers).unwrap_or_default();
    let mut known = MEDIA_TYPES.into_iter();
    known.any(|known| known.eq_ignore_ascii_case(essence))
}

impl JsonLines {
    /// The next line that is not blank; `None` at the end of the body.
    ///
    /// # Errors
    /// 400 where the body breaks off; 503 where too much is being received at once.
    pub async fn next(&mut self) -> Result<Option<JsonLine>, Problem> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let last = self.rest.split_to(end + 1);
                if let Some(line) = self.end_line(&last) {
                    return Ok(Some(line));
                }
                continue;
            }
            let begun = std::mem::take(&mut self.rest);
            self.keep(&begun);
            let Some(frame) = self.body.frame().await else {
                // The last line need not be ended.
                return Ok(self.end_line(b""));
            };
            // Trailers say nothing to us.
            if let Ok(data) = frame.map_err(broken_off)?.into_data() {
                self.rest = data;
            }
        }
    }

    fn keep(&mut self, more: &[u8]) {
        self.is_too_long |= self.begun.len() + more.len() > self.max_bytes;
        match self.is_too_long {
            true => self.begun.clear(),
            false => self.begun.extend_from_slice(more),
        }
    }

    /// The line that ends with `last`, unless it is blank.
    fn end_line(&mut self, last: &[u8]) -> Option<JsonLine> {
        self.keep(last.strip_suffix(b"\n").unwrap_or(last));
        self.ended += 1;
        let content = match std::mem::take(&mut self.is_too_long) {
            true => Err(too_long(self.max_bytes)),
            false => Ok(Bytes::copy_from_slice(self.begun.trim_ascii())),
        };
        self.begun.clear();
        let is_blank = content.as_ref().is_ok_and(Bytes::is_empty);
        (!is_blank).then_some(JsonLine {
            number: self.ended,
            content,
        })
    }
}

impl JsonLine {
    /// What stands in a line, as a `T`, which should say `#[serde(deny_unknown_fields)]`.
    ///
    /// # Errors
    /// 400 that says what is wrong and where.
    pub fn parse<T: DeserializeOwned>(content: &[u8]) -> Result<T, Problem> {
        parse(content, Part::Line)
    }
}

fn too_long(max_bytes: usize) -> Problem {
    let detail = format!("The line is larger than {max_bytes} bytes.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", detail)
}

/// The bodies of all requests have a budget, which ends a stream that exceeds it as it ends a call's.
fn broken_off(error: BodyError) -> Problem {
    match error.into_inner().downcast::<Status>() {
        Ok(full) => {
            metrics::counter!("http_requests_shed_total").increment(1);
            Problem::service_unavailable("OVERLOADED", full.message(), RETRY_AFTER)
        }
        Err(_) => Problem::bad_request(
            "BODY_INCOMPLETE",
            "The request body ended before its end; send the request again: what was done is not \
             done twice.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, time::Duration};

    use futures::stream;
    use serde::Deserialize;

    use super::*;
    use crate::layers::RequestContext;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Item {
        sku: String,
    }

    async fn extract(content_type: &str, body: Body) -> Result<JsonLines, Problem> {
        let mut request = Request::new(body);
        request
            .headers_mut()
            .insert("content-type", content_type.parse().unwrap());
        let limits = BodyLimits {
            max_bytes: 20,
            timeout: Duration::from_millis(50),
        };
        request
            .extensions_mut()
            .insert(RequestContext::of(&HeaderMap::new(), limits));
        JsonLines::from_request(request, &()).await
    }

    /// The lines of a body that comes in these pieces: number and content, or the code of what is wrong.
    async fn lines(pieces: &[&'static str]) -> Vec<(u64, Result<String, String>)> {
        let pieces: Vec<_> = pieces.iter().copied().map(Ok::<_, Infallible>).collect();
        let body = Body::from_stream(stream::iter(pieces));
        let mut body = extract("application/x-ndjson", body).await.unwrap();
        let mut lines = Vec::new();
        while let Some(line) = body.next().await.unwrap() {
            let content = line.content.map_err(|problem| problem.code().to_owned());
            let content = content.map(|text| String::from_utf8(text.to_vec()).unwrap());
            lines.push((line.number, content));
        }
        assert_eq!(body.next().await, Ok(None), "it stays at its end");
        lines
    }

    #[tokio::test]
    async fn lines_are_whole_however_they_arrive() {
        let there = [(1, Ok("abc".to_owned())), (4, Ok("d e".to_owned()))];
        for pieces in [
            &["abc\n\n \r\n d e\r\n"][..],
            &["a", "", "bc", "\n\n \r", "\n d e\r\n"],
            // The last need not be ended.
            &["abc\n\n\n", "d e"],
        ] {
            assert_eq!(lines(pieces).await, there, "{pieces:?}");
        }
        assert!(lines(&[]).await.is_empty());
        assert!(lines(&["\n", " \n\n"]).await.is_empty());
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_refused_and_the_next_is_read() {
        let longest = "x".repeat(20);
        let longest: &'static str = longest.leak();
        for pieces in [
            &[longest, "\n", longest, "y\nz\n"][..],
            &[longest, "\n", longest, longest, longest, "\nz"],
        ] {
            let read = lines(pieces).await;
            let refused = Err("PAYLOAD_TOO_LARGE".to_owned());
            let wanted = [(1, Ok(longest.into())), (2, refused), (3, Ok("z".into()))];
            assert_eq!(read, wanted, "{pieces:?}");
        }
    }

    #[tokio::test]
    async fn of_a_line_without_an_end_no_more_is_kept_than_a_line_may_have() {
        let pieces = std::iter::repeat_n(Ok::<_, Infallible>("0123456789"), 100_000);
        let body = Body::from_stream(stream::iter(pieces));
        let mut body = extract("application/ndjson", body).await.unwrap();
        let line = body.next().await.unwrap().unwrap();
        assert_eq!(line.content.unwrap_err().status().as_u16(), 413);
        assert!(body.begun.capacity() < 100, "{}", body.begun.capacity());
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_no_shorter_body() {
        let broken = std::io::Error::other("gone");
        let pieces = stream::iter([Ok("a\nb"), Err(broken)]);
        let mut body = extract("application/x-ndjson", Body::from_stream(pieces))
            .await
            .unwrap();
        assert!(body.next().await.unwrap().is_some());
        let problem = body.next().await.unwrap_err();
        assert_eq!(problem.code(), "BODY_INCOMPLETE");
    }

    #[tokio::test]
    async fn only_lines_of_json_are_taken() {
        for content_type in ["application/json", "text/plain", "application/x-ndjsonx"] {
            let problem = extract(content_type, Body::empty()).await.unwrap_err();
            assert_eq!(problem.status().as_u16(), 415, "{content_type}");
        }
        let known = "Application/X-NDJSON; charset=utf-8";
        assert!(extract(known, Body::empty()).await.is_ok());
    }

    #[test]
    fn what_is_wrong_with_a_line_is_named_without_a_line_of_its_own() {
        let parse = |text: &str| JsonLine::parse::<Item>(text.as_bytes());
        let sku = "A".to_owned();
        assert_eq!(parse(r#"{"sku": "A"}"#), Ok(Item { sku }));
        let syntax = parse(r#"{"sku": }"#).unwrap_err();
        assert_eq!(syntax.code(), "INVALID_JSON");
        let wanted = "The line is not JSON: expected value at column 9.";
        assert_eq!(syntax.details().detail, wanted);
        let shape = parse("[]").unwrap_err();
        assert_eq!(shape.code(), "INVALID_BODY");
        let wanted = "The line: invalid type: an array, expected an object.";
        assert_eq!(shape.details().detail, wanted);
        let field = parse(r#"{"sku": "A", "colour": 1}"#).unwrap_err();
        assert_eq!(field.details().errors[0].pointer, "/colour");
    }
}
