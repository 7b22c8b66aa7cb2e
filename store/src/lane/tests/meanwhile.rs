//! What comes in while a batch is appended.

use super::*;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use std::{collections::HashMap, pin::Pin};
use tokio::{task::yield_now, time::Instant};

const TAKES: Duration = Duration::from_millis(10);

/// A store whose appends take [`TAKES`].
fn slow(store: &MemoryStore) -> Faulty {
    Faulty {
        takes: TAKES,
        ..Faulty::new(store)
    }
}

/// A lane over a slow store, which knows the orders 1 to 3 and the stocks A, with 5, and B, with none.
async fn prepared(options: LaneOptions) -> (MemoryStore, Lane) {
    let store = memory();
    let lane = start_with(slow(&store), options);
    for number in 1..=3 {
        accepted(&lane, put(number, place(number))).await;
    }
    accepted(&lane, put(4, receive("A", 1, 5))).await;
    accepted(&lane, put(5, receive("B", 1, 1))).await;
    accepted(&lane, put(6, reserve(50, &[("B", 1)]))).await;
    (store, lane)
}

/// Whether a call is over by now, once all that can be done at once is done.
async fn is_over<T>(call: &mut Pin<Box<impl Future<Output = T>>>) -> bool {
    for _ in 0..10 {
        if futures::poll!(&mut *call).is_ready() {
            return true;
        }
        yield_now().await;
    }
    false
}

/// A note that breaks a rule of meaning, so that it is answered as soon as it is decided.
fn empty_note(number: u128) -> Command {
    let command = AddNote {
        note_id: uuid(1),
        text: String::new(),
    };
    Command::Order(order(number), OrderCommand::AddNote(command))
}

#[tokio::test(start_paused = true)]
async fn what_has_nothing_to_do_with_it_is_decided() {
    let (_, lane) = prepared(LaneOptions::default()).await;
    let began = Instant::now();
    let mut appended = Box::pin(lane.execute(put(10, note(1, 1))));
    assert!(!is_over(&mut appended).await);
    // Neither over the same stream, nor under the same id, nor what is put in turn.
    let mut waits = [
        Box::pin(lane.execute(put(12, empty_note(1)))),
        Box::pin(lane.execute(put(10, empty_note(2)))),
    ];
    for call in &mut waits {
        assert!(!is_over(call).await);
    }
    let mut in_turn = Box::pin(lane.execute_in_turn(put(13, empty_note(3))));
    assert!(!is_over(&mut in_turn).await);
    let mut other = Box::pin(lane.execute(put(11, empty_note(2))));
    assert!(
        !is_over(&mut other).await,
        "one over its stream waits already"
    );
    let (_, lane) = prepared(LaneOptions::default()).await;
    let mut appended_too = Box::pin(lane.execute(put(10, note(1, 1))));
    assert!(!is_over(&mut appended_too).await);
    let at = Instant::now();
    let mut other = Box::pin(lane.execute(put(11, empty_note(2))));
    assert!(is_over(&mut other).await);
    assert_eq!(at.elapsed(), Duration::ZERO);
    appended.await.expect("it is executed");
    assert!(began.elapsed() >= TAKES);
}

#[tokio::test(start_paused = true)]
async fn what_begins_a_stream_waits_for_what_begins_it_already() {
    let (_, lane) = prepared(LaneOptions::default()).await;
    let began = Instant::now();
    let mut first = Box::pin(lane.execute(put(10, place(9))));
    assert!(!is_over(&mut first).await);
    let second = lane.execute(put(11, place(9)));
    let (first, second) = tokio::join!(first, second);
    assert!(!first.expect("it is executed").replayed);
    assert!(second.expect("it is answered").replayed);
    // Decided on no order, the second would have been in conflict, and appended once more.
    assert_eq!(began.elapsed(), 2 * TAKES);
}

#[tokio::test(start_paused = true)]
async fn nothing_overtakes_what_waits_over_its_stream() {
    let (store, lane) = prepared(LaneOptions::default()).await;
    let head = store.head().await.expect("there is a head").position;
    let began = Instant::now();
    let mut first = Box::pin(lane.execute(put(10, receive("A", 2, 1))));
    assert!(!is_over(&mut first).await);
    // It waits for A, and so does the receipt of B behind it; not so the note.
    let reservation = lane.execute(put(11, reserve(9, &[("A", 1), ("B", 1)])));
    let receipt = lane.execute(put(12, receive("B", 3, 1)));
    let note = lane.execute(put(13, note(1, 1)));
    let (_, reservation, receipt, note) = tokio::join!(first, reservation, receipt, note);
    for executed in [reservation, receipt, note] {
        assert_eq!(executed.expect("it is executed").outcome, Outcome::Accepted);
    }
    let events = store.read_all(head, 10).await.expect("they are read");
    let types: Vec<_> = events
        .iter()
        .map(|event| event.event_type.as_str())
        .collect();
    let expected = [
        "StockReceived",
        "NoteAdded",
        "StockReservationRejected",
        "StockReceived",
    ];
    assert_eq!(types, expected);
    assert_eq!(began.elapsed(), 2 * TAKES);
}

#[tokio::test(start_paused = true)]
async fn a_repetition_of_what_is_appended_has_its_answer() {
    let (_, lane) = prepared(LaneOptions::default()).await;
    let mut first = Box::pin(lane.execute(put(10, note(1, 1))));
    assert!(!is_over(&mut first).await);
    let again = lane.execute(put(10, note(1, 1)));
    // The same id, and yet about something else.
    let other = lane.execute(CommandEnvelope {
        fingerprint: Some([99; 32]),
        ..put(10, note(2, 1))
    });
    let (first, again, other) = tokio::join!(first, again, other);
    let (first, again) = (
        first.expect("it is executed"),
        again.expect("it is answered"),
    );
    assert!(!first.replayed && again.replayed);
    assert_eq!(first.position, again.position);
    assert!(matches!(other, Err(LaneError::KeyReused)));
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_not_pushed_out_by_what_is_decided_ahead() {
    let options = LaneOptions {
        max_batch_streams: 3,
        ..LaneOptions::default()
    };
    let (_, lane) = prepared(options).await;
    let notes = tokio::spawn({
        let lane = lane.clone();
        async move {
            for id in 100..180 {
                let command = put(id, note(id % 3 + 1, id));
                let lane = lane.clone();
                tokio::spawn(async move { lane.execute(command).await });
                sleep(TAKES / 4).await;
            }
        }
    });
    sleep(2 * TAKES).await;
    let began = Instant::now();
    // Over streams of which one is not known: it is not decided before it is read.
    accepted(&lane, put(10, reserve(9, &[("A", 1), ("C", 1)]))).await;
    assert!(began.elapsed() <= 4 * TAKES, "{:?}", began.elapsed());
    notes.await.expect("no panic");
}

#[tokio::test(start_paused = true)]
async fn a_stopped_lane_finishes_what_came_meanwhile() {
    let store = memory();
    let (lane, work) = Lane::new(Arc::new(slow(&store)), LaneOptions::default());
    let stop = CancellationToken::new();
    let work = tokio::spawn(work.run(stop.clone()));
    accepted(&lane, put(1, place(1))).await;
    accepted(&lane, put(2, place(2))).await;
    let mut calls: Vec<_> = [note(1, 1), note(2, 2), note(1, 3), receive("A", 1, 1)]
        .into_iter()
        .zip(10..)
        .map(|(command, id)| Box::pin(lane.execute(put(id, command))))
        .collect();
    for call in &mut calls {
        assert!(!is_over(call).await);
    }
    stop.cancel();
    for executed in join_all(calls).await {
        assert_eq!(executed.expect("it is executed").outcome, Outcome::Accepted);
    }
    work.await.expect("it ends");
}

/// What a seed makes of the lanes, and of the store beneath them.
fn lanes(random: &mut StdRng, store: &MemoryStore, lanes: usize) -> Vec<Lane> {
    let options = LaneOptions {
        max_batch: *[1, 4, 256].choose(random).expect("there are some"),
        max_batch_streams: *[2, 4_096].choose(random).expect("there are some"),
        max_attempts: 1_000,
        ..LaneOptions::default()
    };
    let lane = |_| {
        let faulty = Faulty {
            forgets: random.random_ratio(1, 2),
            unreachable: AtomicUsize::new(random.random_range(0..4)),
            ..slow(store)
        };
        start_with(faulty, options.clone())
    };
    (0..lanes).map(lane).collect()
}

#[tokio::test(start_paused = true)]
async fn each_has_one_effect_and_those_of_a_stream_keep_their_order() {
    for seed in 0..60 {
        let mut random = StdRng::seed_from_u64(seed);
        let store = memory();
        let count = seed as usize % 3 / 2 + 1;
        let lanes = lanes(&mut random, &store, count);
        let mut calls = Vec::new();
        for number in 1..=3 {
            accepted(&lanes[0], put(number, place(number))).await;
        }
        for id in 100..300_u128 {
            let command = match random.random_range(0..8) {
                0 => place(id),
                1 => receive("A", id, 1),
                2 => reserve(id, &[("A", 1), ("B", 1)]),
                _ => note(random.random_range(1..=3), id),
            };
            for _ in 0..random.random_range(1..=2) {
                let lane = lanes.choose(&mut random).expect("there are some").clone();
                let command = put(id, command.clone());
                calls.push(tokio::spawn(async move { lane.execute(command).await }));
            }
            if random.random_ratio(1, 8) {
                sleep(TAKES.mul_f64(random.random_range(0.0..1.5))).await;
            }
        }
        for call in calls {
            let executed = call.await.expect("no panic").expect("it is executed");
            assert_eq!(executed.outcome, Outcome::Accepted, "seed {seed}");
        }
        let events = store.read_all(Position::ZERO, 1_000).await;
        let (mut versions, mut last) = (HashMap::new(), HashMap::new());
        let mut effects = HashMap::new();
        for event in events.expect("they are read") {
            let stream = event.envelope.stream.clone();
            let version = versions.entry(stream.clone()).or_insert(0);
            *version += 1;
            assert_eq!(event.envelope.version.get(), *version, "seed {seed}");
            let id = event.envelope.correlation_id.as_u128();
            *effects.entry(id).or_insert(0) += 1;
            let before = last.insert(stream, id).unwrap_or_default();
            assert!(
                count > 1 || before <= id,
                "seed {seed}: {id} after {before}"
            );
        }
        for id in 100..300 {
            assert_eq!(effects.get(&id), Some(&1), "seed {seed}: effects of {id}");
        }
    }
}
