//! Pages of lists, by keys.

use super::Api;
use chassis::Problem;
use serde::Serialize;
use utoipa::ToSchema;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page begins, if there is one.
    pub next_cursor: Option<String>,
    pub has_more: bool,
}

/// How many, and from where on.
pub(crate) struct Wanted {
    limit: u32,
    /// The bytes that name the last one of the page before.
    pub after: Option<Vec<u8>>,
    scope: String,
}

impl Wanted {
    /// What is wanted of the list `scope`, which names its filters as well.
    ///
    /// # Errors
    /// 400: the limit is none, or the cursor is not of this list.
    pub(crate) fn new(
        api: &Api,
        scope: String,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Self, Problem> {
        let most = api.max_limit;
        let limit = limit.unwrap_or(api.default_limit.min(most));
        if !(1..=most).contains(&limit) {
            let rule = format!("must be 1 to {most}");
            return Err(refused("limit", "OUT_OF_RANGE", &rule));
        }
        let after = cursor.map(|text| open(api, &scope, text)).transpose()?;
        Ok(Self {
            limit,
            after,
            scope,
        })
    }

    /// How many rows are to be read: one more than is shown tells whether there are more.
    pub(crate) fn rows(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// The page of what was read.
    pub(crate) fn page<R, T: From<R>>(
        &self,
        api: &Api,
        mut rows: Vec<R>,
        key: impl Fn(&R) -> Vec<u8>,
    ) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| has_more);
        let next_cursor = last.map(|row| {
            let mut bytes = self.scope.clone().into_bytes();
            bytes.push(0);
            bytes.extend(key(row));
            api.cursors.sign(&bytes)
        });
        Page {
            items: rows.into_iter().map(T::from).collect(),
            next_cursor,
            has_more,
        }
    }
}

fn open(api: &Api, scope: &str, text: &str) -> Result<Vec<u8>, Problem> {
    let invalid = || {
        refused(
            "cursor",
            "INVALID",
            "was not given out by this API for this list and these filters",
        )
    };
    let bytes = api.cursors.open(text).map_err(|_| invalid())?;
    let key = bytes.strip_prefix(scope.as_bytes());
    let key = key.and_then(|rest| rest.strip_prefix(&[0]));
    key.map(<[u8]>::to_vec).ok_or_else(invalid)
}

/// 400 that names a parameter.
pub(crate) fn refused(name: &str, code: &'static str, rule: &str) -> Problem {
    Problem::bad_request("INVALID_QUERY", format!("Query parameter {name}: {rule}.")).with_error(
        format!("query:{name}"),
        code,
        rule,
    )
}
