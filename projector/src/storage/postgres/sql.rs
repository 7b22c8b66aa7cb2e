//! The statements, made from the columns of a row.

use crate::{
    projection::Projection,
    row::{ColumnSpec, Role, Row, columns},
};
use std::fmt::Write as _;

/// The columns that are loaded and changed: all but those that are set once.
pub(crate) fn loaded<R: Row>() -> impl Iterator<Item = (usize, &'static ColumnSpec)> + Clone {
    let columns = R::COLUMNS.iter().enumerate();
    columns.filter(|(_, column)| column.role != Role::Once)
}

/// A name that may be a word of SQL.
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// `"a", "b"`
pub(crate) fn column_list<'a>(columns: impl Iterator<Item = &'a ColumnSpec>) -> String {
    join(columns.map(|column| quoted(column.name)), ", ")
}

/// Those of the rows that have the given keys.
pub(super) fn load<R: Row>(suffix: &str) -> String {
    let key = || columns::<R>(Role::Key).map(|(_, column)| column);
    format!(
        "SELECT {selected} FROM {from} JOIN read.{table} AS t ON {matches}",
        selected = join(
            loaded::<R>().map(|(_, c)| format!("t.\"{}\"", c.name)),
            ", "
        ),
        from = unnest(key(), 1),
        table = quoted(&format!("{}{suffix}", R::TABLE)),
        matches = matches(key()),
    )
}

/// Rows and checkpoint in one statement, which is one transaction: nothing of it happens unless the
/// checkpoint is still this leader's, and still where the batch began. The row lock on the checkpoint
/// orders two leaders: the later one sees what the other has made of it.
///
/// What is new and what changed is told apart by whoever has loaded the rows. So a row that should be
/// new and is there is an error rather than overwritten, and what is set once is not sent again.
pub(super) fn commit<P: Projection>(suffix: &str) -> String {
    let table = quoted(&format!("{}{suffix}", P::Row::TABLE));
    let all = || P::Row::COLUMNS.iter();
    let key = || columns::<P::Row>(Role::Key).map(|(_, column)| column);
    let state = || columns::<P::Row>(Role::State).map(|(_, column)| column);
    let mut sql = format!(
        "WITH fence AS (
             UPDATE read.checkpoint
             SET position    = $4,
                 store_epoch = $5,
                 event_id    = $6,
                 updated_at  = clock_timestamp()
             WHERE name = $1
               AND leader_epoch = $2
               AND position = $3
             RETURNING name
         ),
         new AS (
             INSERT INTO read.{table} ({columns})
             SELECT {values}
             FROM fence, {from}
         )",
        columns = column_list(all()),
        values = join(all().map(|c| format!("n.\"{}\"", c.name)), ", "),
        from = unnest(all(), 7),
    );
    if !P::APPEND_ONLY {
        let first = 7 + all().count();
        let _ = write!(
            sql,
            ",
         changed AS (
             UPDATE read.{table} AS t
             SET {set}
             FROM fence, {from}
             WHERE {matches}
         )",
            set = join(
                state().map(|c| format!("\"{name}\" = n.\"{name}\"", name = c.name)),
                ", "
            ),
            from = unnest(loaded::<P::Row>().map(|(_, c)| c), first),
            matches = matches(key()),
        );
        let _ = write!(
            sql,
            ",
         gone AS (
             DELETE FROM read.{table} AS t
             USING fence, {from}
             WHERE {matches}
         )",
            from = unnest(key(), first + loaded::<P::Row>().count()),
            matches = matches(key()),
        );
    }
    sql.push_str(" SELECT count(*) FROM fence");
    sql
}

/// `UNNEST ($1::uuid[], …) AS n ("order_id", …)`, with parameters from `$first` on.
fn unnest<'a>(columns: impl Iterator<Item = &'a ColumnSpec> + Clone, first: usize) -> String {
    let arrays = columns.clone().enumerate();
    let arrays = arrays.map(|(nr, column)| format!("${}::{}[]", first + nr, column.kind.sql()));
    format!(
        "UNNEST ({}) AS n ({})",
        join(arrays, ", "),
        column_list(columns)
    )
}

/// `t."order_id" = n."order_id" AND …`
fn matches<'a>(columns: impl Iterator<Item = &'a ColumnSpec>) -> String {
    let pairs = columns.map(|column| format!("t.\"{name}\" = n.\"{name}\"", name = column.name));
    join(pairs, " AND ")
}

fn join(parts: impl Iterator<Item = String>, separator: &str) -> String {
    parts.collect::<Vec<_>>().join(separator)
}
