//! A reader that follows all events, and checks that it was told the truth.

use crate::build::now;
use domain::{EventId, Position};
use std::{sync::Arc, time::Duration};
use store::{EventReader, StoredEvent, is_full};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Small, so that pages end in the middle of batches.
const PAGE: usize = 37;

/// How long a reader may wait for a hint before it looks for itself.
const PATIENCE: Duration = Duration::from_millis(5);

/// Follows until told to stop, then to the end.
pub struct Follower {
    stop: CancellationToken,
    following: JoinHandle<Vec<StoredEvent>>,
    reader: Arc<dyn EventReader>,
}

impl Follower {
    pub fn start(reader: Arc<dyn EventReader>) -> Self {
        let stop = CancellationToken::new();
        let following = tokio::spawn(follow(reader.clone(), stop.clone()));
        Self {
            stop,
            following,
            reader,
        }
    }

    /// Everything that was followed, once it is known to be everything there is.
    pub async fn finish(self) -> Vec<StoredEvent> {
        self.stop.cancel();
        let followed = self.following.await.unwrap();
        let there_is = read_to_end(self.reader.as_ref(), Position::ZERO).await;
        let places = |events: &[StoredEvent]| -> Vec<(Position, EventId)> {
            let envelopes = events.iter().map(|event| &event.envelope);
            envelopes
                .map(|envelope| (envelope.position, envelope.event_id))
                .collect()
        };
        assert_eq!(
            places(&followed),
            places(&there_is),
            "the follower missed something"
        );
        followed
    }
}

async fn follow(reader: Arc<dyn EventReader>, stop: CancellationToken) -> Vec<StoredEvent> {
    let mut followed: Vec<StoredEvent> = Vec::new();
    let mut seen = Position::ZERO;
    let mut signal = reader.signal();
    loop {
        let stopping = stop.is_cancelled();
        let head = reader.head().await.unwrap();
        let news = read_to_end(reader.as_ref(), seen).await;
        for event in &news {
            let position = event.envelope.position;
            assert!(
                position > seen,
                "{position} turned up after {seen} was seen"
            );
            seen = position;
        }
        // What the store itself calls its head is there to be read: nothing holds a reader up.
        assert!(
            seen >= head.position,
            "stalled at {seen} before {}",
            head.position
        );
        followed.extend(news);
        if stopping {
            return followed;
        }
        signal.after(seen, PATIENCE).await;
    }
}

pub async fn read_to_end(reader: &dyn EventReader, mut after: Position) -> Vec<StoredEvent> {
    let mut events = Vec::new();
    loop {
        let page = reader.read_all(after, PAGE).await.unwrap();
        let full = is_full(&page, PAGE);
        if let Some(last) = page.last() {
            after = last.envelope.position;
        }
        events.extend(page);
        if !full {
            return events;
        }
    }
}

/// Every stream's versions are contiguous in the order of positions, and times never go back.
pub fn check_order(events: &[StoredEvent]) {
    let mut versions = std::collections::HashMap::new();
    let mut before = None;
    for event in events {
        let envelope = &event.envelope;
        let last = versions.insert(&envelope.stream, envelope.version.get());
        assert_eq!(
            envelope.version.get(),
            last.unwrap_or(0) + 1,
            "in {}",
            envelope.stream
        );
        assert!(
            before <= Some(envelope.recorded_at),
            "times follow positions"
        );
        before = Some(envelope.recorded_at);
    }
    assert!(
        before <= Some(now() + Duration::from_secs(60)),
        "times are of now"
    );
}
