//! `Consistency-Token`: the position that a reader must have seen.

use std::{fmt, str::FromStr};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use uuid::Uuid;

/// The format of tokens made today.
const VERSION: u8 = 1;
/// Version, epoch, position, checksum.
const LENGTH: usize = 1 + 16 + 8 + 4;

/// A position in one life (epoch) of the event store; opaque to clients, as base64url text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsistencyToken {
    /// Which life of the store the position belongs to.
    pub epoch: Uuid,
    /// The global position of the caller's newest event.
    pub position: u64,
}

/// The text is not a consistency token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// Not base64url, or not as long as a token is.
    #[error("it is not a token that this API has given out")]
    Malformed,
    /// A token of a format that this build does not know.
    #[error("its format, version {0}, is not known here")]
    UnknownVersion(u8),
    /// Damaged on the way.
    #[error("it is damaged: its checksum does not match")]
    Checksum,
}

impl fmt::Display for ConsistencyToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; LENGTH];
        bytes[0] = VERSION;
        bytes[1..17].copy_from_slice(self.epoch.as_bytes());
        bytes[17..25].copy_from_slice(&self.position.to_be_bytes());
        let checksum = fnv1a(&bytes[..25]);
        bytes[25..].copy_from_slice(&checksum.to_be_bytes());
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for ConsistencyToken {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let mut bytes = [0; LENGTH];
        // One byte more than fits is an error of the decoder, not a panic.
        let length = BASE64_URL_SAFE_NO_PAD
            .decode_slice(text.trim(), &mut bytes)
            .map_err(|_| InvalidToken::Malformed)?;
        if length > 0 && bytes[0] != VERSION {
            return Err(InvalidToken::UnknownVersion(bytes[0]));
        }
        if length != LENGTH {
            return Err(InvalidToken::Malformed);
        }
        let (mut epoch, mut position) = ([0; 16], [0; 8]);
        epoch.copy_from_slice(&bytes[1..17]);
        position.copy_from_slice(&bytes[17..25]);
        if bytes[25..] != fnv1a(&bytes[..25]).to_be_bytes() {
            return Err(InvalidToken::Checksum);
        }
        Ok(Self {
            epoch: Uuid::from_bytes(epoch),
            position: u64::from_be_bytes(position),
        })
    }
}

/// Guards against slips of the hand, not against forgery: a forged position only makes its
/// forger wait.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> ConsistencyToken {
        ConsistencyToken {
            epoch: Uuid::from_u128(0x1234_5678_9abc),
            position: 72_267_909,
        }
    }

    #[test]
    fn a_token_survives_a_round_trip_in_a_header() {
        for position in [0, 1, u64::MAX] {
            let token = ConsistencyToken {
                position,
                ..token()
            };
            let text = token.to_string();
            assert_eq!(text.len(), 39);
            assert!(
                text.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            );
            assert_eq!(text.parse(), Ok(token));
        }
    }

    #[test]
    fn every_changed_character_is_noticed() {
        let text = token().to_string();
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(changed.parse::<ConsistencyToken>().is_err(), "{changed}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let text = token().to_string();
        for wrong in ["", "é", "AQ", &text[..38], &format!("{text}AAAA")] {
            assert_eq!(
                wrong.parse::<ConsistencyToken>(),
                Err(InvalidToken::Malformed),
                "{wrong}"
            );
        }
        let later = format!("Ag{}", &text[2..]);
        assert_eq!(
            later.parse::<ConsistencyToken>(),
            Err(InvalidToken::UnknownVersion(2))
        );
    }
}
