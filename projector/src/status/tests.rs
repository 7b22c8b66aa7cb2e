//! What is said of a reader that is dead, paused, or not to be asked.

use super::*;
use crate::{
    projections::StockLevel,
    rebuild::{RebuildRecord, Stage, StartedBy},
};
use tokio::time::advance;

const NAME: &str = StockLevel::NAME;

fn seen(position: i64, head: i64, lag_seconds: f64) -> Seen {
    Seen {
        position,
        head,
        lag_seconds: Some(lag_seconds),
        is_of_store: true,
        version: Some(StockLevel::VERSION),
        rebuilding: false,
    }
}

fn status(board: &Board) -> ProjectionStatus {
    let mut statuses = board.statuses().into_iter();
    statuses.find(|status| status.name == NAME).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_does_not_move_is_stalled_whoever_should_lead() {
    let board = Board::new();
    board.leads(NAME, true);
    assert_eq!(status(&board).state, State::CatchingUp);
    board.seen(NAME, seen(5, 5, 0.0));
    assert_eq!(status(&board).state, State::Active);
    assert_eq!(
        (status(&board).lag_events, status(&board).lag_seconds),
        (Some(0), Some(0.0))
    );
    for second in 1..=20 {
        advance(Duration::from_secs(1)).await;
        board.seen(NAME, seen(5, 9, f64::from(second)));
    }
    let paused = status(&board);
    assert_eq!((paused.state, paused.lag_events), (State::Stalled, Some(4)));
    assert_eq!(paused.lag_seconds, Some(20.0));
    assert!(
        board
            .warning()
            .unwrap()
            .contains("stock_level stands still")
    );
    board.leads(NAME, false);
    assert_eq!(
        status(&board).state,
        State::Stalled,
        "nobody else leads either"
    );
    // It goes on, and has much to do.
    board.leads(NAME, true);
    board.seen(NAME, seen(6, 9, 21.0));
    assert_eq!(status(&board).state, State::CatchingUp);
    board.seen(NAME, seen(9, 9, 0.0));
    assert_eq!(status(&board).state, State::Active);
    assert!(
        !board.warning().unwrap().contains(NAME),
        "of others nobody told"
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_be_asked_is_no_reader_without_lag() {
    let board = Board::new();
    board.leads(NAME, true);
    board.seen(NAME, seen(5, 5, 0.0));
    for _ in 0..4 {
        advance(Duration::from_secs(5)).await;
        board.unseen(5.0);
    }
    let dead = status(&board);
    assert_eq!((dead.state, dead.lag_seconds), (State::Stalled, Some(20.0)));
    assert_eq!(dead.lag_events, None, "nobody knows");
    board.seen(NAME, seen(5, 5, 0.0));
    assert_eq!(status(&board).lag_events, Some(0));
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_that_is_not_of_this_store_is_no_reader_without_lag() {
    let board = Board::new();
    board.seen(NAME, seen(5, 5, 0.0));
    advance(Duration::from_secs(3)).await;
    let elsewhere = Seen {
        lag_seconds: None,
        is_of_store: false,
        ..seen(5, 5, 0.0)
    };
    board.seen(NAME, elsewhere);
    let lost = status(&board);
    assert_eq!(
        (lost.state, lost.lag_events, lost.lag_seconds),
        (State::Failing, None, Some(3.0))
    );
    assert!(
        board
            .warning()
            .unwrap()
            .contains("stock_level cannot go on")
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_not_shown_yet_waits_since_it_moved_last() {
    let board = Board::new();
    board.seen(NAME, seen(5, 5, 0.0));
    advance(Duration::from_secs(4)).await;
    let unknown = Seen {
        lag_seconds: None,
        ..seen(5, 9, 0.0)
    };
    board.seen(NAME, unknown);
    let late = status(&board);
    assert_eq!((late.lag_events, late.lag_seconds), (Some(4), Some(4.0)));
    // Nor is it none where it has just moved.
    let moved = Seen {
        lag_seconds: None,
        ..seen(6, 9, 0.0)
    };
    board.seen(NAME, moved);
    assert!(status(&board).lag_seconds.unwrap() > 0.0);
}

#[tokio::test(start_paused = true)]
async fn what_another_process_has_passed_does_not_fail_here() {
    let board = Board::new();
    board.seen(NAME, seen(5, 9, 1.0));
    let error = RunError::ShutOut { name: NAME };
    board.stumbled(NAME, &error, 9, true);
    board.seen(NAME, seen(5, 9, 2.0));
    assert_eq!(status(&board).state, State::Failing);
    board.leads(NAME, true);
    board.seen(NAME, seen(6, 9, 2.0));
    assert_eq!(status(&board).state, State::Failing, "it says so itself");
    board.leads(NAME, false);
    board.seen(NAME, seen(7, 9, 2.0));
    let passed = status(&board);
    assert_eq!((passed.state, passed.problem), (State::Standby, None));
}

#[tokio::test(start_paused = true)]
async fn one_that_stands_still_does_so_though_it_is_rebuilt() {
    let board = Board::new();
    let rebuilding = Seen {
        rebuilding: true,
        ..seen(5, 9, 1.0)
    };
    board.seen(NAME, rebuilding);
    assert_eq!(status(&board).state, State::Rebuilding);
    advance(Duration::from_secs(20)).await;
    board.seen(NAME, rebuilding);
    assert_eq!(status(&board).state, State::Stalled);
}

#[tokio::test(start_paused = true)]
async fn nor_is_one_of_which_nobody_tells_any_more() {
    let board = Board::new();
    board.leads(NAME, true);
    board.seen(NAME, seen(5, 5, 0.0));
    advance(Duration::from_secs(60)).await;
    let silent = status(&board);
    assert_eq!(
        (silent.state, silent.lag_seconds),
        (State::Stalled, Some(60.0))
    );
    // Not even one of which nobody ever told.
    let never = Board::new();
    assert_eq!(status(&never).lag_seconds, None);
    advance(Duration::from_secs(60)).await;
    assert_eq!(status(&never).lag_seconds, Some(60.0));
    assert_eq!(status(&never).state, State::Stalled);
}

#[tokio::test(start_paused = true)]
async fn what_is_parked_or_fails_is_warned_of() {
    let board = Board::new();
    board.leads(NAME, true);
    board.seen(NAME, seen(5, 5, 0.0));
    for name in projections::names() {
        board.seen(name, seen(5, 5, 0.0));
    }
    assert_eq!(board.warning(), None);
    let now = DateTime::<Utc>::UNIX_EPOCH;
    let count = ParkedCount {
        projection: NAME.into(),
        sequences: 2,
        events: 7,
        oldest: now,
    };
    board.parked(&[count], now);
    let parked = status(&board);
    assert_eq!((parked.state, parked.parked.events), (State::Active, 7));
    assert!(
        board
            .warning()
            .unwrap()
            .starts_with("2 sequences of stock_level are parked")
    );
    board.parked(&[], now);
    assert_eq!(board.warning(), None);
    let error = RunError::ShutOut { name: NAME };
    board.stumbled(NAME, &error, 9, true);
    assert_eq!(status(&board).state, State::Failing);
    assert!(status(&board).problem.is_some());
    assert!(board.warning().unwrap().contains("cannot go on"));
}

fn rebuild(events: i64, percent: f64) -> Rebuilding {
    Rebuilding {
        under_way: vec![RebuildRecord {
            projection: NAME.into(),
            status: RebuildStatus {
                stage: Stage::Folding,
                version: StockLevel::VERSION,
                events,
                position: events,
                until: 1_000,
                percent,
                events_per_s: 10.0,
                eta_s: Some(3.0),
                started_at: DateTime::<Utc>::UNIX_EPOCH,
                by: StartedBy::NewVersion,
            },
        }],
        replaced: vec![],
    }
}

/// Nobody goes on with rows of an older version while newer ones are made; a reader of this version that does
/// not move meanwhile stands still all the same.
#[tokio::test(start_paused = true)]
async fn old_rows_are_not_stalled_while_new_ones_are_made() {
    for (version, state) in [
        (StockLevel::VERSION - 1, State::Rebuilding),
        (StockLevel::VERSION, State::Stalled),
    ] {
        let board = Board::new();
        for second in 1..=20 {
            board.rebuilding(&rebuild(second * 10, second as f64));
            board.seen(
                NAME,
                Seen {
                    version: Some(version),
                    rebuilding: true,
                    ..seen(5, 9, second as f64)
                },
            );
            advance(Duration::from_secs(1)).await;
        }
        let told = status(&board);
        assert_eq!((told.state, told.live_version), (state, Some(version)));
        assert_eq!(told.lag_seconds, Some(20.0), "it says so all the same");
        let rebuild = told.rebuild.unwrap();
        assert_eq!((rebuild.events, rebuild.percent), (200, 20.0));
        board.rebuilding(&Rebuilding::default());
        assert_eq!(status(&board).rebuild, None);
    }
}
