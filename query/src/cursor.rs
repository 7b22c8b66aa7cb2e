//! Where a page begins: opaque to clients, sealed, and bound to the list it was given out for.

use chassis::{Problem, token::Signer};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The format of cursors made today.
const FORMAT: u8 = 1;
/// Format, flags, list.
const HEAD: usize = 1 + 1 + Scope::LENGTH;
const TOWARDS_PREVIOUS: u8 = 1;
const INCLUSIVE: u8 = 2;

/// Which list a cursor belongs to: endpoint, filters and order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scope([u8; Scope::LENGTH]);

/// Which way the page goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Towards {
    /// In the order of the list.
    Next,
    /// Against it.
    Previous,
}

/// A place in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor<K> {
    /// Which way from there.
    pub towards: Towards,
    /// Whether what is at the place belongs to the page.
    pub inclusive: bool,
    /// The place: by value, so that it holds when the row moves, and when the table is made anew.
    pub key: K,
}

/// What a list is ordered by; different for every row.
pub(crate) trait Key: Sized {
    /// Its bytes.
    fn write(&self, to: &mut Vec<u8>);
    /// From its bytes.
    fn read(bytes: &[u8]) -> Option<Self>;
}

impl Scope {
    const LENGTH: usize = 12;

    /// The scope of `list` with `filters`, which are all that chooses and orders its rows.
    pub(crate) fn new(list: &str, filters: &impl Serialize) -> Self {
        let filters = serde_json::to_vec(filters).expect("filters are plain values");
        let mut digest = Sha256::new();
        digest.update(list);
        digest.update([0]);
        digest.update(filters);
        let mut scope = [0; Self::LENGTH];
        scope.copy_from_slice(&digest.finalize()[..Self::LENGTH]);
        Self(scope)
    }
}

impl<K: Key> Cursor<K> {
    /// The cursor as clients get it.
    pub(crate) fn seal(&self, scope: &Scope, signer: &Signer) -> String {
        let mut bytes = Vec::with_capacity(HEAD + 32);
        let towards = match self.towards {
            Towards::Next => 0,
            Towards::Previous => TOWARDS_PREVIOUS,
        };
        let inclusive = if self.inclusive { INCLUSIVE } else { 0 };
        bytes.extend([FORMAT, towards | inclusive]);
        bytes.extend(scope.0);
        self.key.write(&mut bytes);
        signer.sign(&bytes)
    }

    /// The cursor that a client sent.
    ///
    /// # Errors
    /// 400: it was not given out here, or for another list.
    pub(crate) fn open(text: &str, scope: &Scope, signer: &Signer) -> Result<Self, Problem> {
        let invalid = || refused("INVALID_CURSOR", "it was not given out by this API");
        let bytes = signer.open(text).map_err(|_| invalid())?;
        let (head, key) = bytes.split_at_checked(HEAD).ok_or_else(invalid)?;
        if head[0] != FORMAT {
            return Err(invalid());
        }
        if head[2..] != scope.0 {
            return Err(refused(
                "CURSOR_MISMATCH",
                "it was given out for another list: filters and sort must stay as they were",
            ));
        }
        Ok(Self {
            towards: match head[1] & TOWARDS_PREVIOUS {
                0 => Towards::Next,
                _ => Towards::Previous,
            },
            inclusive: head[1] & INCLUSIVE != 0,
            key: K::read(key).ok_or_else(invalid)?,
        })
    }
}

fn refused(code: &'static str, detail: &str) -> Problem {
    Problem::bad_request(code, format!("The cursor cannot be used: {detail}.")).with_error(
        "query:cursor",
        "INVALID",
        detail,
    )
}

impl Key for i64 {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.to_be_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_be_bytes)
    }
}

impl Key for (i64, Uuid) {
    fn write(&self, to: &mut Vec<u8>) {
        self.0.write(to);
        to.extend(self.1.as_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (number, id) = bytes.split_at_checked(8)?;
        Some((i64::read(number)?, Uuid::from_slice(id).ok()?))
    }
}

impl Key for String {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.as_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        std::str::from_utf8(bytes).ok().map(str::to_owned)
    }
}

impl Key for (String, String) {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.0.as_bytes());
        // No text of ours has this in it.
        to.push(0);
        to.extend(self.1.as_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (first, second) = std::str::from_utf8(bytes).ok()?.split_once('\0')?;
        Some((first.to_owned(), second.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chassis::config::Settings;

    fn signer(purpose: &str) -> Signer {
        Signer::new(&Settings::default().store.url, purpose)
    }

    fn round<K: Key + Clone + PartialEq + std::fmt::Debug>(key: K) {
        let (scope, signer) = (Scope::new("list", &1), signer("page cursor"));
        for towards in [Towards::Next, Towards::Previous] {
            for inclusive in [false, true] {
                let key = key.clone();
                let cursor = Cursor {
                    towards,
                    inclusive,
                    key,
                };
                let text = cursor.seal(&scope, &signer);
                assert_eq!(Cursor::open(&text, &scope, &signer).unwrap(), cursor);
            }
        }
    }

    #[test]
    fn cursors_go_round() {
        round(i64::MIN);
        round("A b".to_owned());
        round((-7_i64, Uuid::from_u128(3)));
        round(("85123A".to_owned(), "main".to_owned()));
    }

    #[test]
    fn cursors_of_other_lists_and_keys_are_told_apart() {
        let signer = signer("page cursor");
        let scope = Scope::new("orders", &("placed", 1));
        let cursor = Cursor {
            towards: Towards::Next,
            inclusive: false,
            key: 7_i64,
        };
        let text = cursor.seal(&scope, &signer);
        let code = |text: &str, scope: &Scope, signer: &Signer| {
            let opened = Cursor::<i64>::open(text, scope, signer);
            opened.unwrap_err().code().to_owned()
        };
        for other in [
            Scope::new("stock", &("placed", 1)),
            Scope::new("orders", &("placed", 2)),
        ] {
            assert_eq!(code(&text, &other, &signer), "CURSOR_MISMATCH");
        }
        assert_eq!(
            code(&text, &scope, &super::tests::signer("other")),
            "INVALID_CURSOR"
        );
        assert_eq!(code(&text[1..], &scope, &signer), "INVALID_CURSOR");
        assert_eq!(code("", &scope, &signer), "INVALID_CURSOR");
        let other_key = Cursor::<(i64, Uuid)>::open(&text, &scope, &signer);
        assert_eq!(other_key.unwrap_err().code(), "INVALID_CURSOR");
    }
}
