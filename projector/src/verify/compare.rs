//! The live rows beside those of the fold.

use super::{TABLE, Verified, VerifyError};
use crate::{
    projection::Projection,
    rebuild::pass::Part,
    row::{Kind, Role, Row, columns},
    storage::postgres::{column_list, decode_loaded, of},
};
use futures::TryStreamExt;
use serde_json::{Value, value::RawValue};
use sqlx::{AssertSqlSafe, PgConnection, Row as _, postgres::PgRow};
use std::collections::BTreeMap;

/// A row that is not what its events make of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// The live row differs.
    Different {
        /// Its key, as JSON.
        key: String,
        /// In what.
        fields: Vec<FieldDifference>,
    },
    /// There is no live row.
    Missing {
        /// Its key, as JSON.
        key: String,
    },
    /// There is a live row, and there should be none.
    Superfluous {
        /// Its key, as JSON.
        key: String,
    },
}

/// A column that is not what the events make of it.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldDifference {
    /// The column.
    pub column: &'static str,
    /// What is there, as JSON.
    pub live: String,
    /// What should be there, as JSON.
    pub folded: String,
}

type Fields = BTreeMap<String, Box<RawValue>>;

/// Compares what is live with the temporary table, as far as keys are of `part`.
pub(super) async fn compare<P: Projection>(
    connection: &mut PgConnection,
    part: Part,
    keep: usize,
    verified: &mut Verified,
) -> Result<(), VerifyError> {
    let failed = of("comparing rows");
    let mut rows = sqlx::query(AssertSqlSafe(sql::<P::Row>())).fetch(&mut *connection);
    while let Some(row) = rows.try_next().await.map_err(&failed)? {
        let (live, folded) = (fields(&row, 0)?, fields(&row, 1)?);
        let (count, difference) = match (live, folded) {
            (Some(live), Some(folded)) => {
                let fields = different::<P::Row>(&live, &folded);
                if fields.is_empty() {
                    continue;
                }
                let key = key::<P::Row>(&live);
                (
                    &mut verified.different,
                    Difference::Different { key, fields },
                )
            }
            (None, Some(folded)) => {
                let key = key::<P::Row>(&folded);
                (&mut verified.missing, Difference::Missing { key })
            }
            (Some(live), None) => {
                // Which live rows are of the sample the database cannot tell.
                if part != Part::ALL && !part.has(&decode_loaded::<P::Row>(&row, 2)?.key()) {
                    continue;
                }
                let key = key::<P::Row>(&live);
                (&mut verified.superfluous, Difference::Superfluous { key })
            }
            (None, None) => continue,
        };
        *count += 1;
        if verified.differences.len() < keep {
            verified.differences.push(difference);
        }
    }
    Ok(())
}

/// Pairs of rows that are not the same, letter by letter: each as JSON, then what is loaded of the live
/// one. `json` has no equality, so that its text is compared.
fn sql<R: Row>() -> String {
    let keys: Vec<String> = columns::<R>(Role::Key)
        .map(|(_, column)| format!("l.\"{name}\" = f.\"{name}\"", name = column.name))
        .collect();
    let differs: Vec<String> = R::COLUMNS
        .iter()
        .map(|column| {
            let cast = match column.kind {
                Kind::Json => "::text",
                _ => "",
            };
            format!(
                "l.\"{name}\"{cast} IS DISTINCT FROM f.\"{name}\"{cast}",
                name = column.name
            )
        })
        .collect();
    let loaded = R::COLUMNS
        .iter()
        .filter(|column| column.role != Role::Once)
        .map(|column| format!("l.{}", column_list(std::iter::once(column))));
    format!(
        "SELECT row_to_json(l)::text, row_to_json(f)::text, {loaded}
         FROM read.{table} AS l
         FULL JOIN {TABLE} AS f ON {keys}
         WHERE {differs}",
        loaded = loaded.collect::<Vec<_>>().join(", "),
        table = R::TABLE,
        keys = keys.join(" AND "),
        differs = differs.join(" OR "),
    )
}

fn fields(row: &PgRow, index: usize) -> Result<Option<Fields>, VerifyError> {
    let failed = of("comparing rows");
    let text: Option<&str> = row.try_get(index).map_err(&failed)?;
    let parsed = text.map(serde_json::from_str).transpose();
    parsed.map_err(|error| failed(sqlx::Error::Decode(error.into())).into())
}

/// The columns that differ: of JSON, those that mean something else.
fn different<R: Row>(live: &Fields, folded: &Fields) -> Vec<FieldDifference> {
    let text = |fields: &Fields, name: &str| -> String {
        fields
            .get(name)
            .map_or_else(|| "null".into(), |raw| raw.get().into())
    };
    R::COLUMNS
        .iter()
        .filter_map(|column| {
            let (live, folded) = (text(live, column.name), text(folded, column.name));
            let is_same =
                live == folded || (column.kind == Kind::Json && mean_the_same(&live, &folded));
            (!is_same).then_some(FieldDifference {
                column: column.name,
                live,
                folded,
            })
        })
        .collect()
}

fn mean_the_same(live: &str, folded: &str) -> bool {
    let parse = |text: &str| serde_json::from_str::<Value>(text).ok();
    parse(live).is_some_and(|live| Some(live) == parse(folded))
}

/// The key of a row, as JSON.
fn key<R: Row>(fields: &Fields) -> String {
    let key: BTreeMap<&str, &RawValue> = columns::<R>(Role::Key)
        .filter_map(|(_, column)| Some((column.name, fields.get(column.name)?.as_ref())))
        .collect();
    serde_json::to_string(&key).unwrap_or_default()
}
