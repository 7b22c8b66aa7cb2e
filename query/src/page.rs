//! Pages by key: the last row of one page says where the next begins, so every page costs the same.

use crate::{
    api::Api,
    cursor::{Cursor, Key, Scope, Towards},
    freshness::AsOf,
    parameters::refused,
    sql::Sql,
};
use chassis::Problem;
use serde::Serialize;
use utoipa::ToSchema;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Asks for the page after it; null if there was none.
    pub next_cursor: Option<String>,
    /// Asks for the page before it; null on the first.
    pub prev_cursor: Option<String>,
    /// Whether there is a page after it.
    pub has_more: bool,
    /// How old it is.
    pub as_of: AsOf,
}

/// Which page is asked for.
pub(crate) struct Paging<K> {
    limit: u32,
    cursor: Option<Cursor<K>>,
    scope: Scope,
}

/// The order of a list, and the bounds of a page within it, as SQL.
pub(crate) struct Bounds {
    /// `" < "` and the like, between the columns of the key and its values; none on the first page.
    pub compare: Option<&'static str>,
    /// Whether the rows are to be fetched in descending order.
    pub descending: bool,
}

impl<K: Key + Clone> Paging<K> {
    /// The page of `scope` that `limit` and `cursor` ask for.
    ///
    /// # Errors
    /// 400: too many items, or a cursor that does not belong here.
    pub(crate) fn parse(
        api: &Api,
        scope: Scope,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(api.default_limit.min(api.max_limit));
        if !(1..=api.max_limit).contains(&limit) {
            let rule = format!("it must be 1 to {}", api.max_limit);
            return Err(refused("limit", "OUT_OF_RANGE", &rule));
        }
        let cursor = cursor
            .map(|text| Cursor::open(text, &scope, &api.cursors))
            .transpose()?;
        Ok(Self {
            limit,
            cursor,
            scope,
        })
    }

    /// Where the page begins; none for the first.
    pub(crate) fn key(&self) -> Option<&K> {
        self.cursor.as_ref().map(|cursor| &cursor.key)
    }

    /// How to fetch it from a list in `descending` order or the other.
    pub(crate) fn bounds(&self, descending: bool) -> Bounds {
        let descending = descending != (self.towards() == Towards::Previous);
        let compare = self
            .cursor
            .as_ref()
            .map(|cursor| match (descending, cursor.inclusive) {
                (false, false) => " > ",
                (false, true) => " >= ",
                (true, false) => " < ",
                (true, true) => " <= ",
            });
        Bounds {
            compare,
            descending,
        }
    }

    /// One row more than fits says whether there is another page.
    pub(crate) fn limit(&self, sql: &mut Sql) {
        sql.limit(self.limit + 1);
    }

    /// Whether this is the first page: then no rows mean that there are none at all.
    pub(crate) const fn is_first(&self) -> bool {
        self.cursor.is_none()
    }

    /// The page, from the rows that were fetched.
    pub(crate) fn page<T>(
        &self,
        api: &Api,
        mut rows: Vec<T>,
        key: impl Fn(&T) -> K,
        as_of: AsOf,
    ) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        if self.towards() == Towards::Previous {
            rows.reverse();
        }
        let (before, after) = match self.towards() {
            Towards::Next => (self.cursor.is_some(), more),
            Towards::Previous => (more, true),
        };
        let seal = |towards, edge: Option<&T>| {
            let cursor = match (edge, &self.cursor) {
                (Some(row), _) => Cursor {
                    towards,
                    inclusive: false,
                    key: key(row),
                },
                // Nothing is on the page: from where it would have begun, back the other way.
                (None, Some(cursor)) => Cursor {
                    towards,
                    inclusive: !cursor.inclusive,
                    key: cursor.key.clone(),
                },
                (None, None) => return None,
            };
            Some(cursor.seal(&self.scope, &api.cursors))
        };
        let next_cursor = after.then(|| seal(Towards::Next, rows.last())).flatten();
        let prev_cursor = before
            .then(|| seal(Towards::Previous, rows.first()))
            .flatten();
        Page {
            has_more: next_cursor.is_some(),
            items: rows,
            next_cursor,
            prev_cursor,
            as_of,
        }
    }

    fn towards(&self) -> Towards {
        self.cursor
            .as_ref()
            .map_or(Towards::Next, |cursor| cursor.towards)
    }
}
