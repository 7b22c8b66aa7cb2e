//! The feed over the store alone: for everything in one process, and without a broker.

use crate::{Feed, TailOptions, back_off::BackOff, pump::Pump, watch::HeadWatch};
use std::sync::Arc;
use store::{EventReader, StoreError};
use tokio::{task::JoinHandle, time::sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Reads new events from the store once, for all readers of this process.
pub struct StoreFeed {
    pump: Pump,
    watch: HeadWatch,
}

impl StoreFeed {
    /// Starts a feed of `reader`'s events that is kept up to date by a task of `tasks` until `stop`.
    /// Without that task it still gives all events, by reading the store for each reader. Before
    /// `stop` the task ends only if the store was [rewound](StoreError::Rewound): then the process
    /// has states of events that are no more, and should end too.
    pub fn start(
        reader: Arc<dyn EventReader>,
        options: TailOptions,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> (Arc<dyn Feed>, JoinHandle<Result<(), StoreError>>) {
        let feed = Self {
            watch: HeadWatch::new(reader.signal(), options.poll),
            pump: Pump::new(reader, options),
        };
        let tail = Arc::clone(&feed.pump.tail);
        let running = tasks.spawn(async move {
            let ended = stop.run_until_cancelled_owned(feed.run()).await;
            ended.unwrap_or(Ok(()))
        });
        (tail, running)
    }

    async fn run(mut self) -> Result<(), StoreError> {
        let mut back_off = BackOff::new(self.pump.options.back_off);
        loop {
            let result = self.turn().await;
            match self.pump.took(result)? {
                Some(()) => back_off.reset(),
                None => sleep(back_off.take()).await,
            }
        }
    }

    /// Waits for something new, and reads it.
    async fn turn(&mut self) -> Result<(), StoreError> {
        let Some(end) = self.pump.tail.end().map(|end| end.position) else {
            return self.pump.check().await.map(drop);
        };
        let hinted = self.watch.hint_after(end).await;
        if (!hinted || self.pump.is_check_due()) && self.pump.check().await?.position <= end {
            return Ok(());
        }
        let found = self.pump.catch_up().await?;
        self.watch.found(found, self.pump.options.pace).await;
        Ok(())
    }
}
