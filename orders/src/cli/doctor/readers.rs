//! Whatever follows the events: projections, policies, the relay; and how far behind each is.

use super::{
    broker,
    database::Head,
    finding::{Finding, well, wrong},
    target::Bus,
};
use anyhow::Context;
use domain::policy::{ForEachPolicy, Policy, for_each_policy};
use projector::Board;
use sqlx::PgConnection;
use uuid::Uuid;

/// A reader that is further behind is worth a word, though it moves.
const LAG_EVENTS: i64 = 10_000;
/// The end of the name of what is being built anew.
const NEW: &str = "__new";

/// What kind of reader it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Projection,
    /// A projection that is being built anew, by a rebuild that runs, or ran once.
    Rebuild {
        running: bool,
    },
    Policy,
    Relay,
}

/// A reader, as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reader {
    pub kind: Kind,
    pub name: String,
    /// The version of the fold that made a projection's rows.
    pub version: Option<i32>,
    pub position: i64,
    /// In which life of the store; none before the first event.
    pub epoch: Option<Uuid>,
}

/// All readers there are. `elsewhere` is the database of the read models, if it is one of its own.
pub(super) async fn all(
    store: &mut PgConnection,
    elsewhere: Option<&mut PgConnection>,
    bus: Option<&Bus>,
) -> anyhow::Result<Vec<Reader>> {
    let mut readers = match elsewhere {
        Some(read) => projections(read).await?,
        None => projections(store).await?,
    };
    readers.extend(policies(store).await?);
    if let Some(bus) = bus {
        // What is wrong with the broker itself is said elsewhere.
        readers.extend(broker::relay(bus).await.ok());
    }
    Ok(readers)
}

async fn projections(connection: &mut PgConnection) -> anyhow::Result<Vec<Reader>> {
    // A rebuild holds this lock for as long as it runs.
    let rows: Vec<(String, i32, i64, Option<Uuid>, bool)> = sqlx::query_as(
        "SELECT
             checkpoint.name,
             checkpoint.version,
             checkpoint.position,
             checkpoint.store_epoch,
             EXISTS (
                 SELECT
                 FROM pg_locks AS held
                 WHERE held.locktype = 'advisory'
                   AND held.granted
                   AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                   AND (held.classid::bigint << 32) | held.objid::bigint
                       = hashtextextended('read.' || replace(checkpoint.name, '__new', ''), 0)
             )
         FROM read.checkpoint AS checkpoint
         ORDER BY checkpoint.name",
    )
    .fetch_all(connection)
    .await
    .context("the checkpoints of the projections cannot be read")?;
    Ok(rows
        .into_iter()
        .map(|(name, version, position, epoch, running)| {
            let (kind, name) = match name.strip_suffix(NEW) {
                Some(name) => (Kind::Rebuild { running }, name.to_owned()),
                None => (Kind::Projection, name),
            };
            Reader {
                kind,
                name,
                version: Some(version),
                position,
                epoch,
            }
        })
        .collect())
}

async fn policies(connection: &mut PgConnection) -> anyhow::Result<Vec<Reader>> {
    let rows: Vec<(String, i64, Option<Uuid>)> =
        sqlx::query_as("SELECT name, position, store_epoch FROM saga.checkpoint ORDER BY name")
            .fetch_all(connection)
            .await
            .context("the checkpoints of the policies cannot be read")?;
    Ok(rows
        .into_iter()
        .map(|(name, position, epoch)| Reader {
            kind: Kind::Policy,
            name,
            version: None,
            position,
            epoch,
        })
        .collect())
}

/// The readers that this build has, and that have never run.
pub(super) fn missing(readers: &[Reader]) -> Vec<Finding> {
    let projections = projector::projections::names();
    let projections = projections
        .into_iter()
        .map(|name| (Kind::Projection, name, "projector"));
    let policies = policies_there_are()
        .into_iter()
        .map(|name| (Kind::Policy, name, "saga service"));
    projections
        .chain(policies)
        .filter(|(kind, name, _)| {
            let is_it = |reader: &Reader| reader.kind == *kind && reader.name == *name;
            !readers.iter().any(is_it)
        })
        .map(|(kind, name, who)| {
            let advice = format!("start the {who}: it goes on from the first event");
            wrong(what(kind, name), "it has never run", advice)
        })
        .collect()
}

/// The names of the policies that the sagas run.
fn policies_there_are() -> Vec<&'static str> {
    struct Names(Vec<&'static str>);

    impl ForEachPolicy for Names {
        fn policy<P: Policy>(&mut self) {
            self.0.push(P::NAME);
        }
    }

    let mut names = Names(vec![]);
    for_each_policy(&mut names);
    names.0
}

fn what(kind: Kind, name: &str) -> String {
    match kind {
        Kind::Projection => format!("projection {name}"),
        Kind::Rebuild { .. } => format!("rebuild of {name}"),
        Kind::Policy => format!("policy {name}"),
        Kind::Relay => name.to_owned(),
    }
}

impl Reader {
    /// Whether it has read all there was.
    pub(super) fn is_at(&self, head: Head) -> bool {
        self.position >= head.position
    }

    /// Whether that is another look at the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.kind == other.kind && self.name == other.name
    }

    /// Whether it was behind `head` then, and is where it was.
    pub(super) fn has_not_moved(&self, now: &Self, head: Head) -> bool {
        !self.is_at(head) && self.position == now.position
    }

    /// What there is to say of it, given a head that was read after it.
    pub(super) fn judge(self, head: Head, stood_still: bool) -> Finding {
        let what = what(self.kind, &self.name);
        let lag = head.position - self.position;
        if let Kind::Rebuild { running } = self.kind {
            return match running {
                true => well(what, format!("under way, {lag} events to go")),
                false => wrong(
                    what,
                    "was interrupted; the read model itself is as it was",
                    format!("start it again: projector rebuild {}", self.name),
                ),
            };
        }
        let (log, anew) = match self.kind {
            Kind::Projection | Kind::Rebuild { .. } => {
                ("see the projector's log", "projector rebuild --all")
            }
            Kind::Policy => ("see the saga service's log", "the sagas halt until then"),
            Kind::Relay => (
                "see the command service's log",
                "the relay publishes anew by itself",
            ),
        };
        if let Some(wanted) = self.fold()
            && Some(wanted) != self.version
        {
            let (found, name) = (self.version.unwrap_or_default(), &self.name);
            let advice = match found < wanted {
                true => format!(
                    "a projector of this build makes it anew by itself, unless \
                     projector.rebuild_on_new_version is false: projector rebuild {name}"
                ),
                false => format!(
                    "deploy a build of that version, or go back: projector rollback {name}, or \
                     projector rebuild {name}, with this one"
                ),
            };
            return wrong(
                what,
                format!("made by version {found} of its fold; this build has version {wanted}"),
                advice,
            );
        }
        let lost = lag < 0 || (self.position > 0 && self.epoch.is_some_and(|it| it != head.epoch));
        match lag {
            _ if lost => wrong(
                what,
                format!(
                    "at position {} of a store that is no more: the store is at {} and has lost \
                     its tail, or is another one",
                    self.position, head.position
                ),
                format!("restore the store if it can be; else: {anew}"),
            ),
            0 => well(what, "up to date"),
            _ if stood_still => wrong(
                what,
                format!("{lag} events behind, and it does not move"),
                format!("start it if it does not run; {log}"),
            ),
            lag if lag > LAG_EVENTS => wrong(
                what,
                format!("{lag} events behind"),
                format!("it catches up by itself while it runs; {log}"),
            ),
            lag => well(what, format!("{lag} events behind, and catching up")),
        }
    }

    /// The version of the fold that this build has for it.
    fn fold(&self) -> Option<i32> {
        if self.kind != Kind::Projection {
            return None;
        }
        let statuses = Board::new().statuses();
        let status = statuses.iter().find(|status| status.name == self.name);
        status.map(|status| status.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head = Head {
        position: 100,
        epoch: Uuid::from_u128(1),
    };

    fn reader(kind: Kind, position: i64) -> Reader {
        Reader {
            kind,
            name: "somebody".into(),
            version: None,
            position,
            epoch: Some(HEAD.epoch),
        }
    }

    fn judged(reader: Reader, stood_still: bool) -> (bool, String) {
        let finding = reader.judge(HEAD, stood_still);
        assert_eq!(finding.ok, finding.advice.is_none(), "{finding:?}");
        (finding.ok, finding.detail)
    }

    #[test]
    fn the_slow_are_told_from_those_that_stand_still() {
        let behind = reader(Kind::Policy, 90);
        let catching_up = (true, "10 events behind, and catching up".to_owned());
        assert_eq!(judged(behind.clone(), false), catching_up);
        assert!(!judged(behind.clone(), true).0);
        assert!(judged(reader(Kind::Policy, 100), true).0);
        assert!(behind.has_not_moved(&reader(Kind::Policy, 90), HEAD));
        assert!(!behind.has_not_moved(&reader(Kind::Policy, 91), HEAD));
    }

    #[test]
    fn a_store_that_lost_its_tail_is_noticed_by_position_and_by_epoch() {
        assert!(
            judged(reader(Kind::Projection, 101), false)
                .1
                .contains("lost")
        );
        let mut another = reader(Kind::Projection, 50);
        another.epoch = Some(Uuid::from_u128(2));
        assert!(!judged(another, false).0);
    }

    #[test]
    fn a_rebuild_is_no_reader_that_lags() {
        let running = Kind::Rebuild { running: true };
        assert_eq!(
            judged(reader(running, 1), true),
            (true, "under way, 99 events to go".into())
        );
        let interrupted = Kind::Rebuild { running: false };
        assert!(!judged(reader(interrupted, 1), false).0);
    }

    #[test]
    fn another_version_of_a_fold_wants_a_rebuild() {
        let name = projector::projections::names()[0];
        let mut old = reader(Kind::Projection, 100);
        old.name = name.into();
        old.version = Some(-1);
        assert!(!judged(old.clone(), false).0);
        old.version = Some(i32::MAX);
        let advice = old.judge(HEAD, false).advice.unwrap();
        assert!(advice.contains("projector rollback"), "{advice}");
    }

    #[test]
    fn whoever_has_never_run_is_missed() {
        let all = missing(&[]);
        let policies = policies_there_are();
        let projections = projector::projections::names().len();
        assert_eq!(all.len(), projections + policies.len());
        for name in policies {
            let mut policy = reader(Kind::Policy, 0);
            policy.name = name.into();
            assert_eq!(missing(&[policy]).len(), all.len() - 1, "{name}");
        }
    }
}
