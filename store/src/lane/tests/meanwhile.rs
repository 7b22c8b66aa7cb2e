//! What comes in while a batch is appended.

use super::*;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{collections::HashMap, pin::Pin};
use tokio::time::Instant;

const TAKES: Duration = Duration::from_millis(10);

/// A lane whose appends take [`TAKES`], over orders 1 to 3 that it knows.
async fn slow(forgets: bool) -> (MemoryStore, Lane) {
    let store = memory();
    let lane = start(Faulty {
        takes: TAKES,
        forgets,
        ..Faulty::new(&store)
    });
    for number in 1..=3 {
        accepted(&lane, put(number, place(number))).await;
    }
    (store, lane)
}

/// Whether a call is over by now, once all that can be done at once is done.
async fn is_over<T>(call: &mut Pin<Box<impl Future<Output = T>>>) -> bool {
    for _ in 0..10 {
        if futures::poll!(&mut *call).is_ready() {
            return true;
        }
        tokio::task::yield_now().await;
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
    let (_, lane) = slow(false).await;
    let began = Instant::now();
    let mut appended = Box::pin(lane.execute(put(10, note(1, 1))));
    assert!(!is_over(&mut appended).await);
    // Another stream, a known one: it is refused at once. The same stream waits for what becomes of it.
    let mut same = Box::pin(lane.execute(put(12, empty_note(1))));
    assert!(!is_over(&mut same).await);
    let mut other = Box::pin(lane.execute(put(11, empty_note(2))));
    assert!(is_over(&mut other).await);
    assert_eq!(began.elapsed(), Duration::ZERO);
    appended.await.expect("it is executed");
    assert!(is_over(&mut same).await);
    assert_eq!(began.elapsed(), TAKES);
}

#[tokio::test(start_paused = true)]
async fn it_makes_one_batch_with_what_waited() {
    let (store, lane) = slow(false).await;
    let head = store.head().await.expect("there is a head").position;
    let began = Instant::now();
    let mut first = Box::pin(lane.execute(put(10, note(1, 1))));
    assert!(!is_over(&mut first).await);
    // Decided ahead; behind the first; behind that one, though its own stream is free; not known yet.
    let calls = [
        put(11, note(2, 2)),
        put(12, note(1, 3)),
        put(13, note(1, 4)),
        put(14, place(9)),
        put(15, receive("A", 5, 1)),
    ];
    let calls = join_all(calls.map(|command| lane.execute(command)));
    let (_, executed) = tokio::join!(first, calls);
    for executed in executed {
        assert_eq!(executed.expect("it is executed").outcome, Outcome::Accepted);
    }
    assert_eq!(began.elapsed(), 2 * TAKES);
    let after = store.head().await.expect("there is a head").position;
    assert_eq!(after.get() - head.get(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_repetition_of_what_is_appended_has_its_answer() {
    let (_, lane) = slow(false).await;
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
async fn each_has_one_effect_and_those_of_a_stream_keep_their_order() {
    for seed in 0..50 {
        let mut random = StdRng::seed_from_u64(seed);
        // Appends of unknown outcome are decided again, which is no reason to lose one either.
        let forgets = seed % 2 == 1;
        let (store, lane) = slow(forgets).await;
        let mut calls = Vec::new();
        for id in 100..400_u128 {
            let command = put(id, note(random.random_range(1..=3), id));
            for _ in 0..random.random_range(1..=2) {
                let (lane, command) = (lane.clone(), command.clone());
                calls.push(tokio::spawn(
                    async move { lane.execute_in_turn(command).await },
                ));
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
        let mut versions = HashMap::new();
        let mut last = HashMap::new();
        let mut notes = 0;
        for event in events.expect("they are read") {
            let stream = event.envelope.stream.clone();
            let version = versions.entry(stream.clone()).or_insert(0);
            *version += 1;
            assert_eq!(event.envelope.version.get(), *version, "seed {seed}");
            if event.event_type == "NoteAdded" {
                notes += 1;
                let id = event.envelope.correlation_id.as_u128();
                let before = last.insert(stream, id).unwrap_or_default();
                assert!(before < id, "seed {seed}: {id} after {before}");
            }
        }
        assert_eq!(notes, 300, "seed {seed}");
    }
}
