//! Statements put together from fixed pieces: text comes from this program alone, values are bound.

use sqlx::{
    Arguments, AssertSqlSafe, Encode, Postgres, SqlSafeStr, SqlStr, Type, error::BoxDynError,
    postgres::PgArguments,
};
use std::fmt::Write;

/// A statement in the making.
pub(crate) struct Sql {
    text: String,
    arguments: PgArguments,
    failed: Option<BoxDynError>,
    is_planned_once: bool,
}

/// A statement that is ready to be sent.
pub(crate) struct Statement {
    pub text: SqlStr,
    pub arguments: PgArguments,
    /// Whether a plan may be kept and used with other values.
    pub is_planned_once: bool,
}

impl Sql {
    /// A statement that begins with `text`.
    pub(crate) fn new(text: &'static str) -> Self {
        let mut whole = String::with_capacity(text.len() + 256);
        whole.push_str(text);
        Self {
            text: whole,
            arguments: PgArguments::default(),
            failed: None,
            is_planned_once: true,
        }
    }

    /// Has it planned for its values each time: where the values decide what is quick.
    pub(crate) fn plan_each_time(&mut self) -> &mut Self {
        self.is_planned_once = false;
        self
    }

    /// Goes on with `text`.
    pub(crate) fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Goes on with a place for `value`.
    pub(crate) fn bind<'t, T>(&mut self, value: T) -> &mut Self
    where
        T: Encode<'t, Postgres> + Type<Postgres>,
    {
        self.value(value);
        // Writing to a String cannot fail.
        let _ = write!(self.text, "${}", self.arguments.len());
        self
    }

    /// Gives a value whose place stands in a text of this program already.
    pub(crate) fn value<'t, T>(&mut self, value: T) -> &mut Self
    where
        T: Encode<'t, Postgres> + Type<Postgres>,
    {
        if let Err(error) = self.arguments.add(value) {
            self.failed.get_or_insert(error);
        }
        self
    }

    /// Goes on with a number as it is. Only for limits: a plan that knows how many rows are wanted
    /// goes by the index that has them in order, and one that does not may sort them all.
    pub(crate) fn limit(&mut self, rows: u32) -> &mut Self {
        let _ = write!(self.text, "\nLIMIT {rows}");
        self
    }

    /// The statement and its values.
    pub(crate) fn finish(self) -> Result<Statement, BoxDynError> {
        match self.failed {
            Some(error) => Err(error),
            None => Ok(Statement {
                // Every piece is a literal of this program or a number.
                text: AssertSqlSafe(self.text).into_sql_str(),
                arguments: self.arguments,
                is_planned_once: self.is_planned_once,
            }),
        }
    }

    /// What has been written so far.
    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// The first text after all those that begin with `prefix`, compared byte by byte; none if there is
/// no such text.
pub(crate) fn after_prefix(prefix: &str) -> Option<String> {
    let mut letters: Vec<char> = prefix.chars().collect();
    while let Some(last) = letters.pop() {
        // UTF-8 sorts as code points do; surrogates are none.
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            last => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_bound_and_numbered_in_order() {
        let mut sql = Sql::new("SELECT a FROM t WHERE b = ");
        sql.bind(1_i64).push(" AND c = ").bind("'; DROP").limit(51);
        assert_eq!(
            sql.text(),
            "SELECT a FROM t WHERE b = $1 AND c = $2\nLIMIT 51"
        );
        assert_eq!(sql.finish().unwrap().arguments.len(), 2);
    }

    #[test]
    fn a_prefix_ends_before_the_next_text() {
        for (prefix, after) in [
            ("a", Some("b")),
            ("az", Some("a{")),
            ("5-\u{D7FF}", Some("5-\u{E000}")),
            ("b\u{10FFFF}", Some("c")),
            ("\u{10FFFF}", None),
            ("", None),
        ] {
            assert_eq!(after_prefix(prefix).as_deref(), after, "{prefix:?}");
        }
        let after = after_prefix("GB-1").unwrap();
        for (text, begins) in [("GB-1", true), ("GB-1\u{10FFFF}z", true), ("GB-2", false)] {
            assert_eq!(text < after.as_str(), begins, "{text:?}");
        }
    }
}
