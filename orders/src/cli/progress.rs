//! Progress of long work: a bar on a terminal, plain lines elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::IsTerminal,
    sync::Mutex,
    time::{Duration, Instant},
};

/// How often a plain line is printed.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// How far some long work is, with its rate and what is left of it.
pub(crate) struct Progress {
    what: &'static str,
    bar: ProgressBar,
    /// When the last plain line was printed; none on a terminal.
    plain: Option<Mutex<Instant>>,
}

impl Progress {
    /// Nothing of `total` is done.
    pub(crate) fn new(what: &'static str, total: u64) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(
            Some(total),
            if terminal {
                ProgressDrawTarget::stderr()
            } else {
                ProgressDrawTarget::hidden()
            },
        );
        let style = ProgressStyle::with_template(
            "{prefix:>12} [{bar:40}] {human_pos}/{human_len}  {per_sec}  {eta} left",
        );
        bar.set_style(
            style
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("=> "),
        );
        bar.set_prefix(what);
        let plain = (!terminal).then(|| Mutex::new(Instant::now()));
        Self { what, bar, plain }
    }

    /// There is more to do than was known.
    pub(crate) fn expect_more(&self, more: u64) {
        self.bar.inc_length(more);
    }

    /// One more is done.
    pub(crate) fn advance(&self) {
        self.advance_by(1);
    }

    /// So many more are done.
    pub(crate) fn advance_by(&self, more: u64) {
        self.bar.inc(more);
        let Some(plain) = &self.plain else { return };
        let mut last = plain
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.elapsed() >= PLAIN_EVERY {
            *last = Instant::now();
            super::say(&self.line());
        }
    }

    /// All is done.
    pub(crate) fn finish(&self) {
        if self.plain.is_some() {
            super::say(&self.line());
        }
        self.bar.finish();
    }

    fn line(&self) -> String {
        let (done, total) = (self.bar.position(), self.bar.length().unwrap_or(0));
        let rate = done as f64 / self.bar.elapsed().as_secs_f64().max(0.001);
        let left = total.saturating_sub(done) as f64 / rate.max(0.001);
        format!(
            "{}: {done}/{total}, {rate:.0}/s, {left:.0} s left",
            self.what
        )
    }
}
