//! Whether the schemas are those that this build works with.

use super::finding::{Finding, well, wrong};
use sqlx::{PgConnection, migrate::Migrator};
use std::collections::BTreeMap;

static STORE: Migrator = sqlx::migrate!("../migrations/store");
static READ: Migrator = sqlx::migrate!("../migrations/read");
static SAGA: Migrator = sqlx::migrate!("../migrations/saga");
static NOTIFY: Migrator = sqlx::migrate!("../migrations/notify");

/// The numbers of a schema's migrations share their thousands.
const NUMBERS: i64 = 1_000;

/// What was applied: version to checksum, and whether it went through.
type Applied = BTreeMap<i64, (Vec<u8>, bool)>;

/// Looks at `schemas` of one database.
pub(super) async fn look(connection: &mut PgConnection, schemas: &[&str]) -> Vec<Finding> {
    let applied = applied(connection).await;
    let finding = |schema: &&str| {
        let what = format!("schema {schema}");
        let (migrator, who) = match *schema {
            "store" => (&STORE, "command service"),
            "read" => (&READ, "projector"),
            "notify" => (&NOTIFY, "saga service"),
            _ => (&SAGA, "saga service"),
        };
        match &applied {
            Ok(applied) => judge(what, migrator, who, applied),
            Err(error) => wrong(what, error.to_string(), "see the database's log"),
        }
    };
    schemas.iter().map(finding).collect()
}

async fn applied(connection: &mut PgConnection) -> Result<Applied, sqlx::Error> {
    let there: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await?;
    if !there {
        return Ok(Applied::new());
    }
    let rows: Vec<(i64, Vec<u8>, bool)> =
        sqlx::query_as("SELECT version, checksum, success FROM _sqlx_migrations ORDER BY version")
            .fetch_all(connection)
            .await?;
    Ok(rows
        .into_iter()
        .map(|(version, checksum, success)| (version, (checksum, success)))
        .collect())
}

fn judge(what: String, migrator: &Migrator, who: &str, applied: &Applied) -> Finding {
    let start = format!("start the {who} of this build once: it makes what is missing");
    let mut latest = 0;
    for migration in migrator.iter() {
        latest = latest.max(migration.version);
        let named = format!(
            "migration {} ({})",
            migration.version, migration.description
        );
        match applied.get(&migration.version) {
            None => return wrong(what, format!("{named} is not applied"), start),
            Some((_, false)) => {
                let advice = "see the log of whoever applied it, and mend what it says";
                return wrong(what, format!("{named} went wrong half-way"), advice);
            }
            Some((checksum, true)) if checksum[..] != migration.checksum[..] => {
                let detail = format!("{named} is not the one that this build has");
                let advice = "use the build that made this database, or another database";
                return wrong(what, detail, advice);
            }
            Some(_) => {}
        }
    }
    let end = (latest / NUMBERS + 1) * NUMBERS;
    match applied.range(latest + 1..end).next_back() {
        None => well(what, format!("version {latest}")),
        Some((newer, _)) => wrong(
            what,
            format!("version {newer}, of a later build; this one knows {latest}"),
            "use the later build",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Applied {
        let all = STORE
            .iter()
            .chain(READ.iter())
            .chain(SAGA.iter())
            .chain(NOTIFY.iter());
        all.map(|migration| (migration.version, (migration.checksum.to_vec(), true)))
            .collect()
    }

    fn of_store(applied: &Applied) -> Finding {
        judge("schema store".into(), &STORE, "command service", applied)
    }

    #[test]
    fn a_schema_is_this_builds_or_it_is_said_what_to_do() {
        assert!(of_store(&all()).ok);

        let missing = of_store(&Applied::new());
        assert!(missing.detail.contains("is not applied"), "{missing:?}");

        let mut applied = all();
        applied.insert(1_999, (vec![], true));
        let newer = of_store(&applied);
        assert!(newer.detail.contains("a later build"), "{newer:?}");

        for (wrong, said) in [
            ((vec![1], true), "is not the one"),
            ((vec![], false), "half-way"),
        ] {
            let mut applied = all();
            applied.insert(1_001, wrong);
            let finding = of_store(&applied);
            assert!(finding.detail.contains(said), "{finding:?}");
        }
    }
}
