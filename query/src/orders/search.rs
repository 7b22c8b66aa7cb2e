//! Orders by the beginning of their id, their customer or the shop's own number.

use crate::{
    parameters::refused,
    sql::{Sql, after_prefix},
};
use chassis::Problem;
use serde::Serialize;
use uuid::Uuid;

const MAX: usize = 100;
/// Where a UUID has its dashes.
const DASHES: [usize; 4] = [8, 13, 18, 23];

/// A text that is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Search(String);

impl Search {
    /// A text of 1 to 100 characters.
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        let rule = match text.chars().count() {
            1..=MAX if text.chars().any(char::is_control) => "control characters are not allowed",
            1..=MAX => return Ok(Self(text.to_owned())),
            _ => "1 to 100 characters are expected",
        };
        Err(refused("q", "INVALID", rule))
    }

    /// The condition on the rows; each part of it is a range of an index.
    pub(super) fn push(&self, sql: &mut Sql) {
        // A rare text is found by its indexes, a frequent one in the list as it is sorted.
        sql.plan_each_time().push("\n  AND (");
        if let Some((first, last)) = ids(&self.0) {
            sql.push("order_id BETWEEN ")
                .bind(first)
                .push(" AND ")
                .bind(last)
                .push(" OR ");
        }
        sql.push("customer_id >= ").bind(self.0.as_str());
        let after = after_prefix(&self.0);
        if let Some(after) = &after {
            sql.push(" AND customer_id < ").bind(after.as_str());
        }
        sql.push(" OR reference >= ").bind(self.0.as_str());
        if let Some(after) = &after {
            sql.push(" AND reference < ").bind(after.as_str());
        }
        sql.push(")");
    }
}

/// The first and the last id that begin with `text`, if ids can.
fn ids(text: &str) -> Option<(Uuid, Uuid)> {
    if text.len() > 36 {
        return None;
    }
    let mut digits = String::with_capacity(32);
    for (at, letter) in text.char_indices() {
        match letter {
            '-' if DASHES.contains(&at) => {}
            letter if letter.is_ascii_hexdigit() && !DASHES.contains(&at) => digits.push(letter),
            _ => return None,
        }
    }
    let id = |fill: char| {
        let whole: String = digits
            .chars()
            .chain(std::iter::repeat(fill))
            .take(32)
            .collect();
        Uuid::try_parse(&whole).ok()
    };
    Some((id('0')?, id('f')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_an_id_is_a_range() {
        let range = |text| ids(text).map(|(first, last)| format!("{first} {last}"));
        assert_eq!(
            range("0193A").as_deref(),
            Some("0193a000-0000-0000-0000-000000000000 0193afff-ffff-ffff-ffff-ffffffffffff")
        );
        let whole = "0193a000-0000-7000-8000-00000000000b";
        assert_eq!(range(whole), Some(format!("{whole} {whole}")));
        assert!(range("0193a000-").is_some());
        for other in ["GB-1", "0193a0-", "17850x", "-", &format!("{whole}0")] {
            assert_eq!(range(other), None, "{other}");
        }
    }

    #[test]
    fn a_search_has_bounds() {
        assert_eq!(Search::parse(" 536365 ").unwrap(), Search("536365".into()));
        assert!(Search::parse(&"é".repeat(100)).is_ok());
        for wrong in ["", "  ", "a\0b", &"é".repeat(101)] {
            assert_eq!(Search::parse(wrong).unwrap_err().code(), "INVALID_QUERY");
        }
    }
}
