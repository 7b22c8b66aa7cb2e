//! What is said of a reader that is dead, paused, or not to be asked.

use super::*;
use crate::projections::StockLevel;
use tokio::time::advance;

const NAME: &str = StockLevel::NAME;

fn seen(position: i64, head: i64, lag_seconds: f64) -> Seen {
    Seen {
        position,
        head,
        lag_seconds: Some(lag_seconds),
        is_of_store: true,
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
