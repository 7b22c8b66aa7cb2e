//! The places that there are, looked at or not.

use super::Check;
use clap::ValueEnum;
use serde::Serialize;

/// Where something of a customer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Place {
    /// The key that opens what is personal.
    Key,
    /// The event store.
    Events,
    /// What is personal in read models.
    ReadModels,
    /// The texts of --contains, in all rows of the databases.
    Texts,
    /// The broker's stream.
    Broker,
    /// The logs of processes.
    Logs,
    /// Backups, archived WAL and standbys.
    Backups,
    /// What the payment provider, the carrier and others were told.
    Participants,
}

/// A place that was not looked at.
#[derive(Debug, Serialize)]
pub(super) struct NotLookedAt {
    /// Which.
    pub place: Place,
    /// Why not.
    pub reason: String,
    /// Whether somebody said so, or there is none.
    pub accounted_for: bool,
}

/// What was looked at, and what was not.
#[derive(Default)]
pub(super) struct Looked {
    pub checks: Vec<Check>,
    pub not: Vec<NotLookedAt>,
    left_out: Vec<Place>,
}

impl Looked {
    /// Nothing yet; `left_out` is not to be looked at.
    pub(super) fn leaving_out(left_out: Vec<Place>) -> Self {
        Self {
            left_out,
            ..Self::default()
        }
    }

    /// Looks at a place, unless it is left out. One that cannot be looked at is said to be so.
    pub(super) async fn at(
        &mut self,
        place: Place,
        look: impl Future<Output = anyhow::Result<Vec<Check>>>,
    ) {
        if self.leaves_out(place) {
            return;
        }
        match look.await {
            Ok(checks) => self.checks.extend(checks),
            Err(error) => self.cannot(place, format!("{error:#}")),
        }
    }

    /// A place that is not looked at, unless it is left out.
    pub(super) fn cannot(&mut self, place: Place, reason: impl Into<String>) {
        if !self.leaves_out(place) {
            self.note(place, reason, false);
        }
    }

    /// A place that there is none of.
    pub(super) fn none(&mut self, place: Place, reason: impl Into<String>) {
        self.note(place, reason, true);
    }

    /// Whether the place is left out, which is noted then.
    fn leaves_out(&mut self, place: Place) -> bool {
        let left_out = self.left_out.contains(&place);
        if left_out {
            self.note(place, "left out by --leave-out", true);
        }
        left_out
    }

    fn note(&mut self, place: Place, reason: impl Into<String>, accounted_for: bool) {
        self.not.push(NotLookedAt {
            place,
            reason: reason.into(),
            accounted_for,
        });
    }

    /// Whether nothing can be read where it was looked.
    pub(super) fn finds_nothing(&self) -> bool {
        self.checks.iter().all(|check| check.problem.is_none())
    }

    /// Whether every place was looked at, or left out, or there is none.
    pub(super) fn is_complete(&self) -> bool {
        self.not.iter().all(|place| place.accounted_for)
    }
}

impl Place {
    /// As --leave-out takes it.
    pub(super) fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    fn check(problem: Option<&str>) -> Vec<Check> {
        vec![Check {
            place: "somewhere".into(),
            looked_at: 1,
            problem: problem.map(Into::into),
        }]
    }

    #[tokio::test]
    async fn what_was_not_looked_at_is_said_and_what_is_left_out_is_accounted_for() {
        let mut looked = Looked::leaving_out(vec![Place::Backups, Place::Logs]);
        looked.at(Place::Key, async { Ok(check(None)) }).await;
        looked
            .at(Place::Logs, async { panic!("it is left out") })
            .await;
        looked.cannot(Place::Backups, "nobody can");
        looked.none(Place::Broker, "there is none");
        assert!(looked.finds_nothing() && looked.is_complete());
        assert_eq!(looked.not.len(), 3);

        looked
            .at(Place::Events, async { Err(anyhow!("away")) })
            .await;
        assert!(looked.finds_nothing() && !looked.is_complete());
        let last = looked.not.last().unwrap();
        assert_eq!((last.place, last.reason.as_str()), (Place::Events, "away"));

        looked
            .at(Place::Texts, async { Ok(check(Some("it"))) })
            .await;
        assert!(!looked.finds_nothing());
    }

    #[test]
    fn a_place_is_called_as_it_is_left_out() {
        assert_eq!(Place::ReadModels.name(), "read-models");
        let json = serde_json::to_value(Place::ReadModels).unwrap();
        assert_eq!(json, "read-models");
    }
}
