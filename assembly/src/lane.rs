//! The lane that the settings describe.

use chassis::{Lifecycle, config::StoreSettings};
use std::{num::NonZeroUsize, sync::Arc};
use store::{
    EventStore,
    lane::{Lane, LaneOptions},
};

/// The lane of this process over `store`. It works until the last way into it is gone.
pub fn start_lane(
    store: Arc<dyn EventStore>,
    settings: &StoreSettings,
    lifecycle: &Lifecycle,
) -> Lane {
    let options = LaneOptions {
        max_batch: settings.max_batch,
        queue: settings.queue,
        cached_streams: NonZeroUsize::new(settings.cached_streams).unwrap_or(NonZeroUsize::MIN),
        cached_bytes: settings.cached_bytes,
        ..LaneOptions::default()
    };
    let (lane, work) = Lane::new(store, options);
    // It ends by itself once nobody can put commands any more: after the last request.
    let hard = lifecycle.hard().clone();
    lifecycle.spawn_critical("lane", async move {
        work.run(hard).await;
        Ok(())
    });
    lane
}
