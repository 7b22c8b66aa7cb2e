//! What the places cost where a span could begin: off, of a trace that is not recorded, and recorded.
//!
//! `cargo run --release -p traces --example cost`

use std::{
    hint::black_box,
    time::{Duration, Instant},
};
use traces::{Ended, Kind, Sampling, Sink, Span, TraceContext, record_to, recorded};

/// How often each is done in one round, and how many rounds there are: the fastest counts, which is the
/// one that nothing else was in the way of.
const TIMES: u32 = 100_000;
const ROUNDS: u32 = 200;

/// Drops what it gets, so that only the spans themselves are measured.
struct Nowhere;

impl Sink for Nowhere {
    fn take(&self, span: Ended) {
        drop(black_box(span));
    }
}

/// What the lane does for each command: it looks for the trace, and may begin two spans.
fn command(traceparent: Option<&str>) {
    let trace = recorded(black_box(traceparent));
    let decide = Span::begin(trace, Kind::Internal, || {
        format!("decide {}", "place_order")
    });
    drop(black_box(decide));
    let mut append = Span::begin(trace, Kind::Client, || format!("append {}", "place_order"));
    if let Some(context) = append.context() {
        black_box(context.to_string());
        append.set("db.system.name", "postgresql");
    }
    drop(black_box(append));
}

/// What a server does for each request.
fn request(caller: Option<TraceContext>) {
    let _entered = black_box(Span::enter(black_box(caller), Kind::Server));
}

fn tell(what: &str, work: impl Fn()) {
    let round = |_| {
        let began = Instant::now();
        (0..TIMES).for_each(|_| work());
        began.elapsed()
    };
    let fastest: Duration = (0..ROUNDS).map(round).min().unwrap_or_default();
    say(&format!(
        "{what:32} {:8.1} ns",
        fastest.as_nanos() as f64 / f64::from(TIMES)
    ));
}

#[expect(clippy::print_stdout, reason = "what was asked for is the result")]
fn say(line: &str) {
    println!("{line}");
}

fn main() {
    let (sampled, unsampled) = (TraceContext::new_root(true), TraceContext::new_root(false));
    let texts = [sampled.to_string(), unsampled.to_string()];
    tell("a command, off", || command(Some(&texts[0])));
    tell("a request, off", || request(Some(sampled)));
    if record_to(Nowhere, Sampling::share(1.0)).is_err() {
        say("spans are recorded elsewhere already");
        return;
    }
    tell("a command, on, not recorded", || command(Some(&texts[1])));
    tell("a request, on, not recorded", || request(Some(unsampled)));
    tell("a command, recorded", || command(Some(&texts[0])));
    tell("a request, recorded", || request(Some(sampled)));
}
