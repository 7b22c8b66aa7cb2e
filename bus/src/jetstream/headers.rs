//! Texts as header values: those that a header cannot carry as they are, are escaped.

use std::borrow::Cow;

/// The text with `%`, control characters, non-ASCII bytes and outer spaces as `%XX`.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    let last = text.len().saturating_sub(1);
    let plain = |(at, byte): (usize, u8)| match byte {
        b'%' => false,
        b' ' => at != 0 && at != last,
        _ => byte.is_ascii_graphic(),
    };
    if text.bytes().enumerate().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for (at, byte) in text.bytes().enumerate() {
        if plain((at, byte)) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    Cow::Owned(escaped)
}

/// The text that was escaped; none if it was not.
pub(super) fn unescape(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let [high, low, tail @ ..] = tail else {
                return None;
            };
            bytes.push(digit(*high)? << 4 | digit(*low)?);
            rest = tail;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_comes_back() {
        for text in [
            "",
            "policy:payment",
            " a b ",
            " ",
            "100%",
            "Grüße\r\nX: y",
            "stock-main.main.A B",
        ] {
            let escaped = escape(text);
            assert!(
                escaped.bytes().all(|b| (b' '..=b'~').contains(&b)),
                "{escaped}"
            );
            assert_eq!(escaped.trim(), escaped);
            assert_eq!(unescape(&escaped).as_deref(), Some(text));
        }
        assert_eq!(escape("a b"), "a b");
    }

    #[test]
    fn what_was_not_escaped_so_is_refused() {
        for text in ["%", "%4", "%zz", "%FF"] {
            assert_eq!(unescape(text), None, "{text}");
        }
    }
}
