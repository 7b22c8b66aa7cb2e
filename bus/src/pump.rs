//! What all pumps share: reading the store into the tail.

use crate::{TailOptions, ring, tail::Tail};
use std::sync::Arc;
use store::{Bookmark, EventReader, Head, Page, StoreError};
use tokio::time::Instant;

/// Reads the store into a tail. When it goes, readers of the tail read the store by themselves.
pub(crate) struct Pump {
    reader: Arc<dyn EventReader>,
    pub(crate) tail: Arc<Tail>,
    pub(crate) options: TailOptions,
    /// When it was last looked whether the store still has what was read.
    checked: Option<Instant>,
    failing: bool,
    /// The store was read since the last failure.
    read: bool,
}

impl Pump {
    pub(crate) fn new(reader: Arc<dyn EventReader>, options: TailOptions) -> Self {
        let tail = Tail::new(Arc::clone(&reader), options.clone());
        Self {
            reader,
            tail,
            options,
            checked: None,
            failing: false,
            read: false,
        }
    }

    /// Looks at the store's head; now and then also whether it still has what was read.
    pub(crate) async fn check(&mut self) -> Result<Head, StoreError> {
        let head = self.reader.head().await?;
        match self.tail.end() {
            None => {
                let at = self.reader.bookmark(head.position).await?;
                self.tail.begin(head, at);
            }
            Some(end) => {
                let due = self.is_check_due();
                let still_there = !due || self.reader.still_has(end).await?;
                self.tail.observe(head, still_there)?;
                if !due {
                    self.read = true;
                    return Ok(head);
                }
            }
        }
        self.checked = Some(Instant::now());
        self.read = true;
        Ok(head)
    }

    /// Whether that was long ago.
    pub(crate) fn is_check_due(&self) -> bool {
        self.checked
            .is_none_or(|last| last.elapsed() >= self.options.check)
    }

    /// Reads everything after the tail's end into it; says how many events that were.
    pub(crate) async fn catch_up(&mut self) -> Result<usize, StoreError> {
        let mut count = 0;
        loop {
            let Some(end) = self.tail.end() else {
                return Ok(count);
            };
            let page = self.reader.read_on(end, self.options.page).await;
            let Page { events, is_full } = page.map_err(|error| self.tail.noticed(error))?;
            self.read = true;
            count += events.len();
            metrics::counter!("feed_store_events_total", "by" => "pump")
                .increment(events.len() as u64);
            self.tail.extend(events.into_iter().map(|stored| {
                let bytes = stored.payload.len();
                (Arc::new(stored.decode()), bytes)
            }));
            if !is_full {
                return Ok(count);
            }
        }
    }

    /// Takes in how an attempt ended. A failure is over once the store was read again, and not for
    /// anything else that went well. Only a store that was rewound ends the pump: whatever else is
    /// wrong, an operator may put right, and then it goes on.
    pub(crate) fn took<T>(
        &mut self,
        result: Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match result {
            Ok(value) => {
                if self.read && std::mem::take(&mut self.failing) {
                    tracing::info!("the feed reads the event store again");
                    self.tail.set_trouble(None);
                }
                Ok(Some(value))
            }
            Err(error @ StoreError::Rewound { .. }) => Err(error),
            Err(error) => {
                metrics::counter!("feed_failures_total").increment(1);
                self.read = false;
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the feed cannot read the event store, and goes on trying: {error}"
                    );
                }
                self.tail.set_trouble(Some(error));
                Ok(None)
            }
        }
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.tail.abandon();
    }
}

/// The events as a tail takes them.
pub(crate) type Run = Vec<(Arc<store::Delivered>, usize)>;

/// Where a run of events ends, if there is one.
pub(crate) fn end_of(run: &Run) -> Option<Bookmark> {
    run.last().map(|(event, _)| ring::bookmark(event))
}
