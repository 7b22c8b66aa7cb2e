//! From bytes to a value, or to what is wrong with them.

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use super::strict::Strict;
use crate::problem::Problem;

/// What a document is of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Body,
    /// A line of it: all of it is in line 1 of what is parsed, which helps nobody.
    Line,
}

impl Part {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Body => "The request body",
            Self::Line => "The line",
        }
    }
}

/// The document as a `T`.
///
/// # Errors
/// 400 that says what is wrong and where.
pub(super) fn parse<T: DeserializeOwned>(raw: &[u8], part: Part) -> Result<T, Problem> {
    // The short way first: keeping track of paths costs, and only an error needs them.
    let mut deserializer = serde_json::Deserializer::from_slice(raw);
    T::deserialize(Strict(&mut deserializer))
        .and_then(|value| deserializer.end().map(|()| value))
        .or_else(|_| explain(raw, part))
}

/// Parses again, to name the place of the error.
fn explain<T: DeserializeOwned>(raw: &[u8], part: Part) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(raw);
    let (pointer, error) = match serde_path_to_error::deserialize(Strict(&mut deserializer)) {
        Ok(value) => match deserializer.end() {
            Ok(()) => return Ok(value),
            Err(error) => (String::new(), error),
        },
        Err(error) => (pointer(error.path()), error.into_inner()),
    };
    if raw.trim_ascii().is_empty() {
        let detail = format!("{} is empty.", part.as_str());
        return Err(Problem::bad_request("INVALID_JSON", detail));
    }
    if error.is_data() {
        let what = in_words_of_json(without_position(&error));
        let place = if pointer.is_empty() {
            part.as_str()
        } else {
            pointer.as_str()
        };
        return Err(
            Problem::bad_request("INVALID_BODY", format!("{place}: {what}."))
                .with_error(pointer, "INVALID", what),
        );
    }
    let what = match part {
        Part::Body => error.to_string(),
        Part::Line => error
            .to_string()
            .replace(" at line 1 column ", " at column "),
    };
    let detail = format!("{} is not JSON: {what}.", part.as_str());
    Err(Problem::bad_request("INVALID_JSON", detail))
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

/// What was found is named by the parser in words of its own.
fn in_words_of_json(text: String) -> String {
    const WORDS: [(&str, &str); 4] = [
        ("sequence", "an array"),
        ("map", "an object"),
        ("integer", "number"),
        ("floating point", "number"),
    ];
    let Some((wrong @ ("invalid type" | "invalid value"), found)) = text.split_once(": ") else {
        return text;
    };
    let known = WORDS
        .into_iter()
        .find_map(|(theirs, ours)| Some((ours, found.strip_prefix(theirs)?)));
    match known {
        Some((ours, rest)) => format!("{wrong}: {ours}{rest}"),
        None => text,
    }
}
