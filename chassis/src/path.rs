//! Texts as parts of paths.

/// `text` as one part of a path: what a path gives a meaning to, or cannot have, is percent-encoded.
#[must_use]
pub fn segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                segment.push(char::from(byte));
            }
            other => segment.push_str(&format!("%{other:02X}")),
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn a_text_is_one_part_of_a_path() {
        assert_eq!(segment("85123A"), "85123A");
        assert_eq!(segment("a/b?c #%\u{e9}"), "a%2Fb%3Fc%20%23%25%C3%A9");
    }
}
