//! Texts that clients send.

use chassis::Problem;

use super::problem::invalid_field;

/// A text of one line, if it is one.
pub(super) fn text<'a>(pointer: &str, text: &'a str, max: usize) -> Result<&'a str, Problem> {
    let fits = (1..=max).contains(&text.len()) && !text.contains(char::is_control);
    if fits {
        Ok(text)
    } else {
        Err(invalid_field(pointer, &format!("text of 1 to {max} bytes")))
    }
}
