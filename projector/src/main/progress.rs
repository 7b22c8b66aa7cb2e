//! How far folds are: bars on a terminal, plain lines elsewhere.

use crate::print;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use projector::rebuild::{OnProgress, Progress, Stage};
use std::{
    collections::HashMap,
    io::IsTerminal,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How often a plain line tells how far a fold is.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// The steps of a bar.
const STEPS: u64 = 1_000;

/// Tells people how far folds are. Clones share it.
#[derive(Clone)]
pub(crate) struct Teller(Arc<To>);

enum To {
    /// A bar for each fold.
    Terminal {
        bars: MultiProgress,
        by_name: Mutex<HashMap<String, ProgressBar>>,
    },
    /// A line for each now and then.
    Lines {
        told: Mutex<HashMap<&'static str, Instant>>,
    },
}

impl Teller {
    /// One for this process's terminal, or for what is there in its stead.
    pub(crate) fn new() -> Self {
        Self(Arc::new(match std::io::stderr().is_terminal() {
            true => To::Terminal {
                bars: MultiProgress::new(),
                by_name: Mutex::default(),
            },
            false => To::Lines {
                told: Mutex::default(),
            },
        }))
    }

    /// What a fold tells it.
    pub(crate) fn on_progress(&self) -> OnProgress {
        let this = self.clone();
        Arc::new(move |progress| this.tell(progress))
    }

    fn tell(&self, progress: &Progress) {
        match &*self.0 {
            To::Terminal { bars, by_name } => {
                let mut by_name = lock(by_name);
                let bar = by_name
                    .entry(progress.name.to_owned())
                    .or_insert_with(|| bars.add(bar(progress.name)));
                bar.set_position((progress.done() * STEPS as f64) as u64);
                bar.set_message(message(progress));
            }
            To::Lines { told } => {
                let mut told = lock(told);
                let since = told.entry(progress.name).or_insert_with(Instant::now);
                if since.elapsed() >= TELL_EVERY {
                    *since = Instant::now();
                    // A closed terminal is no reason to stop.
                    let _ = print(&format!("{}\n", line(progress)));
                }
            }
        }
    }

    /// The fold of that name has ended.
    pub(crate) fn done(&self, name: &str) {
        if let To::Terminal { by_name, .. } = &*self.0
            && let Some(bar) = lock(by_name).remove(name)
        {
            bar.finish_and_clear();
        }
    }

    /// Says a result, and draws the bars below it.
    pub(crate) fn say(&self, text: &str) -> std::io::Result<()> {
        match &*self.0 {
            To::Terminal { bars, .. } => bars.suspend(|| print(text)),
            To::Lines { .. } => print(text),
        }
    }

    /// Says what went wrong, beside the results.
    #[expect(clippy::print_stderr, reason = "it is beside the result")]
    pub(crate) fn complain(&self, text: &str) {
        match &*self.0 {
            To::Terminal { bars, .. } => bars.suspend(|| eprintln!("{text}")),
            To::Lines { .. } => eprintln!("{text}"),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bar(name: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:>16} [{bar:32}] {percent:>3} %  {msg}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(STEPS).with_style(style.progress_chars("=> "));
    bar.set_prefix(name);
    bar
}

/// What stands beside a bar.
fn message(progress: &Progress) -> String {
    let rate = format!("{} events, {:.0}/s", progress.events, progress.rate());
    match (progress.stage, progress.left()) {
        (Stage::Waiting, _) => "waits".into(),
        (Stage::Folding, Some(left)) => format!("{rate}, {} s left", left.as_secs()),
        (Stage::Folding, None) => rate,
        (Stage::Indexing, _) => format!("{rate}, builds indexes"),
        (Stage::CatchingUp, _) => format!("{rate}, catches up"),
    }
}

fn line(progress: &Progress) -> String {
    format!(
        "{name}: {percent:.0} %, {message}",
        name = progress.name,
        percent = progress.done() * 100.0,
        message = message(progress),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Position;

    #[test]
    fn a_line_says_what_is_known() {
        let folding = Progress {
            name: "stock_level",
            stage: Stage::Folding,
            events: 400,
            position: Position::new(250),
            until: Position::new(1_000),
            shares: (0.0, 1.0),
            elapsed: Duration::from_secs(2),
        };
        assert_eq!(
            line(&folding),
            "stock_level: 25 %, 400 events, 200/s, 6 s left"
        );
        let indexing = Progress {
            stage: Stage::Indexing,
            position: Position::new(1_000),
            ..folding.clone()
        };
        assert_eq!(
            line(&indexing),
            "stock_level: 100 %, 400 events, 200/s, builds indexes"
        );
        let nothing = Progress {
            position: Position::ZERO,
            ..folding
        };
        assert_eq!(line(&nothing), "stock_level: 0 %, 400 events, 200/s");
    }
}
