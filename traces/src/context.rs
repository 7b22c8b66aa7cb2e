//! W3C Trace Context: which trace a piece of work belongs to.

use std::{fmt, str::FromStr};

/// A position in a distributed trace, as the header `traceparent` carries it
/// (<https://www.w3.org/TR/trace-context/>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    flags: u8,
}

/// The text is not a `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a W3C traceparent (00-<32 hex digits>-<16 hex digits>-<2 hex digits>)")]
pub struct InvalidTraceparent;

/// The one flag of version 00: the caller may have recorded this trace.
const SAMPLED: u8 = 1;
const RENDERED: usize = 55;

impl TraceContext {
    /// Begins a trace, of which others are told whether it is recorded.
    #[must_use]
    pub fn new_root(sampled: bool) -> Self {
        // All zeroes would be invalid; one bit rules it out.
        let trace_id = (rand::random::<u128>() | 1).to_be_bytes();
        Self {
            trace_id,
            span_id: new_span_id(),
            flags: if sampled { SAMPLED } else { 0 },
        }
    }

    /// The same step, of a trace that is not recorded.
    pub(crate) const fn unsampled(self) -> Self {
        Self { flags: 0, ..self }
    }

    /// The trace's number among all: as random as its id is.
    pub(crate) fn number(&self) -> u64 {
        let (_, low) = self.trace_id.split_at(8);
        low.iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// The next step of the same trace: same trace id and flags, a new span id.
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            span_id: new_span_id(),
            ..*self
        }
    }

    /// The trace's id as 32 lower-case hex digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        hex(&self.render()[3..35])
    }

    /// The span's id as 16 lower-case hex digits.
    #[must_use]
    pub fn span_id(&self) -> String {
        hex(&self.render()[36..52])
    }

    /// Whether the caller asks for this trace to be recorded.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// The trace's id, as binary protocols have it.
    #[must_use]
    pub const fn trace_id_bytes(&self) -> [u8; 16] {
        self.trace_id
    }

    /// The span's id, as binary protocols have it.
    #[must_use]
    pub const fn span_id_bytes(&self) -> [u8; 8] {
        self.span_id
    }

    /// The header's bytes, all ASCII.
    #[must_use]
    pub fn render(&self) -> [u8; RENDERED] {
        let mut out = [b'-'; RENDERED];
        encode(&[0], &mut out[0..2]);
        encode(&self.trace_id, &mut out[3..35]);
        encode(&self.span_id, &mut out[36..52]);
        encode(&[self.flags], &mut out[53..55]);
        out
    }

    /// Parses the header's bytes.
    ///
    /// # Errors
    /// Anything that the standard tells a receiver to ignore: wrong length, upper-case or other
    /// digits, ids of zeroes, version `ff`.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidTraceparent> {
        let invalid = InvalidTraceparent;
        if text.len() < RENDERED || text[2] != b'-' || text[35] != b'-' || text[52] != b'-' {
            return Err(invalid);
        }
        let [mut version, mut flags] = [[0_u8; 1]; 2];
        let (mut trace_id, mut span_id) = ([0; 16], [0; 8]);
        decode(&text[0..2], &mut version).ok_or(invalid)?;
        decode(&text[3..35], &mut trace_id).ok_or(invalid)?;
        decode(&text[36..52], &mut span_id).ok_or(invalid)?;
        decode(&text[53..55], &mut flags).ok_or(invalid)?;
        // A later version may add fields behind a further dash; version 00 may not.
        let tail_is_fine = match version[0] {
            0 => text.len() == RENDERED,
            0xff => false,
            _ => text.get(RENDERED).is_none_or(|byte| *byte == b'-'),
        };
        if !tail_is_fine || trace_id == [0; 16] || span_id == [0; 8] {
            return Err(invalid);
        }
        Ok(Self {
            trace_id,
            span_id,
            flags: flags[0] & SAMPLED,
        })
    }
}

impl FromStr for TraceContext {
    type Err = InvalidTraceparent;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text.as_bytes())
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.render()))
    }
}

fn new_span_id() -> [u8; 8] {
    (rand::random::<u64>() | 1).to_be_bytes()
}

fn hex(ascii: &[u8]) -> String {
    ascii.iter().map(|byte| char::from(*byte)).collect()
}

fn encode(bytes: &[u8], out: &mut [u8]) {
    let (pairs, _) = out.as_chunks_mut::<2>();
    for (byte, pair) in bytes.iter().zip(pairs) {
        *pair = [digit(byte >> 4), digit(byte & 0x0f)];
    }
}

/// Arithmetic instead of a table: this runs for every answer, and vectorises.
fn digit(nibble: u8) -> u8 {
    nibble + if nibble < 10 { b'0' } else { b'a' - 10 }
}

fn decode(digits: &[u8], out: &mut [u8]) -> Option<()> {
    for (pair, byte) in digits.chunks_exact(2).zip(out) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(())
}

/// Lower case only, as the standard has it.
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_standards_example_survives_a_round_trip() {
        let context: TraceContext = EXAMPLE.parse().unwrap();
        assert_eq!(context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(context.span_id(), "00f067aa0ba902b7");
        assert!(context.is_sampled());
        assert_eq!(context.to_string(), EXAMPLE);
    }

    #[test]
    fn a_child_stays_in_the_trace_with_a_span_of_its_own() {
        let parent: TraceContext = EXAMPLE.parse().unwrap();
        let child = parent.child();
        assert_eq!(child.trace_id(), parent.trace_id());
        assert_ne!(child.span_id(), parent.span_id());
        assert_eq!(child.is_sampled(), parent.is_sampled());
    }

    #[test]
    fn roots_are_valid_and_distinct() {
        let (one, two) = (TraceContext::new_root(true), TraceContext::new_root(false));
        assert_ne!(one.trace_id(), two.trace_id());
        assert_eq!(one.to_string().parse(), Ok(one));
        assert_eq!(two.to_string().parse(), Ok(two));
        assert!(one.is_sampled() && !two.is_sampled());
        assert!(one.to_string().ends_with("-01") && two.to_string().ends_with("-00"));
    }

    #[test]
    fn what_the_standard_forbids_is_refused() {
        for wrong in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-0",
        ] {
            assert_eq!(
                wrong.parse::<TraceContext>(),
                Err(InvalidTraceparent),
                "{wrong}"
            );
        }
        let later = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes-later";
        assert_eq!(later.parse::<TraceContext>().unwrap().to_string(), EXAMPLE);
    }
}
