//! Rebuilds and rollbacks as part of a process: asked for over the API, or wanted by a new version of a fold.

use crate::{
    live::RunError,
    projection::Projection,
    projections::{self, Visitor},
    rebuild::{
        OnProgress, RebuildError, RebuildOptions, RebuildStatus, Rebuilt, RollbackError,
        RolledBack, StartedBy, build_at, forget_by_name, roll_back_by_name, site::Site, tidy,
        unknown,
    },
    storage::PostgresReadModels,
};
use chassis::{Lifecycle, config::ProjectorSettings};
use futures::future::BoxFuture;
use std::{num::NonZero, sync::Arc, thread::available_parallelism, time::Duration};
use store::EventReader;
use tokio::{sync::Semaphore, time::sleep};
use tokio_util::sync::CancellationToken;

/// How often it is looked whether anything is left that nobody needs.
const TIDY_EVERY: Duration = Duration::from_secs(60);

/// How many rebuilds go on at once unless somebody says otherwise: each keeps two cores busy.
pub fn at_once() -> usize {
    (available_parallelism().map_or(1, NonZero::get) / 2).max(1)
}

/// What the settings say of a rebuild, of which `at_once` share the memory.
pub fn rebuild_options(settings: &ProjectorSettings, at_once: usize) -> RebuildOptions {
    RebuildOptions {
        rows: (settings.rebuild_rows / at_once.max(1)).max(1),
        max_parked: settings.max_parked,
        ..RebuildOptions::default()
    }
}

/// Builds read models anew in this process, a few at once, and rolls them back. Clones share it.
#[derive(Clone)]
pub struct Rebuilds(Arc<Inner>);

struct Inner {
    reader: Arc<dyn EventReader>,
    models: PostgresReadModels,
    options: RebuildOptions,
    keep: Duration,
    on_new_version: bool,
    /// Whose turn it is.
    turns: Semaphore,
    lifecycle: Lifecycle,
}

impl Rebuilds {
    /// From the events of `reader`, into `models`; what is under way ends with `lifecycle`.
    pub fn new(
        reader: Arc<dyn EventReader>,
        models: PostgresReadModels,
        settings: &ProjectorSettings,
        lifecycle: &Lifecycle,
    ) -> Self {
        Self(Arc::new(Inner {
            reader,
            models,
            options: rebuild_options(settings, at_once()),
            keep: settings.keep_replaced(),
            on_new_version: settings.rebuild_on_new_version,
            turns: Semaphore::new(at_once()),
            lifecycle: lifecycle.clone(),
        }))
    }

    /// Whether rows of an older version of a fold are made anew without anybody asking for it.
    pub(crate) fn on_new_version(&self) -> bool {
        self.0.on_new_version
    }

    /// Starts to build the read model of that name anew, and says how far that is: it goes on in a task.
    ///
    /// # Errors
    /// There is no such projection, it is being built already, or the database failed.
    pub(crate) async fn start(&self, name: &str) -> Result<RebuildStatus, RebuildError> {
        struct Wanted<'a> {
            name: &'a str,
            rebuilds: &'a Rebuilds,
            start: Option<BoxFuture<'a, Result<RebuildStatus, RebuildError>>>,
        }
        impl Visitor for Wanted<'_> {
            fn visit<P: Projection>(&mut self) {
                if P::NAME == self.name {
                    self.start = Some(Box::pin(self.rebuilds.start_one::<P>()));
                }
            }
        }
        let mut wanted = Wanted {
            name,
            rebuilds: self,
            start: None,
        };
        projections::all(&mut wanted);
        match wanted.start {
            Some(start) => start.await,
            None => Err(unknown(name)),
        }
    }

    async fn start_one<P: Projection>(&self) -> Result<RebuildStatus, RebuildError> {
        let mut site = Site::open::<P>(self.0.models.pool()).await?;
        let record = match site.announce::<P>(StartedBy::Api).await {
            Ok(record) => record,
            Err(error) => {
                site.close().await;
                return Err(error);
            }
        };
        let (this, stop) = (self.clone(), self.0.lifecycle.soft().clone());
        self.0.lifecycle.spawn_critical("rebuild", async move {
            // What came of it was said; nobody waits for more.
            let _ = this.build::<P>(site, &stop).await;
            Ok(())
        });
        Ok(record.status)
    }

    /// Builds the read model of `P` anew for the process that leads it, until one of `stops`.
    ///
    /// # Errors
    /// The live one is as it was.
    pub(crate) async fn for_new_version<P: Projection>(
        &self,
        stops: [&CancellationToken; 2],
    ) -> Result<(), RunError> {
        let not_built = |error| RunError::NotBuilt {
            name: P::NAME,
            error: Box::new(error),
        };
        let mut site = Site::open::<P>(self.0.models.pool())
            .await
            .map_err(not_built)?;
        if let Err(error) = site.announce::<P>(StartedBy::NewVersion).await {
            site.close().await;
            return Err(not_built(error));
        }
        let stop = CancellationToken::new();
        let built = {
            let build = self.build::<P>(site, &stop);
            tokio::pin!(build);
            tokio::select! {
                biased;
                built = &mut build => built,
                () = stops[0].cancelled() => { stop.cancel(); build.await }
                () = stops[1].cancelled() => { stop.cancel(); build.await }
            }
        };
        match built {
            Ok(_) => Ok(()),
            Err(RebuildError::CutOff) if stop.is_cancelled() => Ok(()),
            Err(error) => Err(not_built(error)),
        }
    }

    /// Builds at the site once it is its turn, until `stop`.
    async fn build<P: Projection>(
        &self,
        site: Site,
        stop: &CancellationToken,
    ) -> Result<Rebuilt, RebuildError> {
        let Inner {
            reader,
            models,
            options,
            keep,
            turns,
            ..
        } = &*self.0;
        let Some(Ok(_turn)) = stop.run_until_cancelled(turns.acquire()).await else {
            site.close().await;
            return Err(RebuildError::CutOff);
        };
        tracing::info!(projection = P::NAME, "{} is built anew", P::NAME);
        let nobody: OnProgress = Arc::new(|_| {});
        let built = build_at::<P>(site, reader.clone(), models, options, nobody, stop).await;
        if built.is_ok() && keep.is_zero() {
            self.forget_at_once::<P>().await;
        }
        match &built {
            Ok(rebuilt) => tracing::info!(
                projection = P::NAME,
                rows = rebuilt.rows,
                events = rebuilt.events,
                position = rebuilt.position.get(),
                parked = rebuilt.parked,
                seconds = rebuilt.took.as_secs_f64(),
                "{} was built anew",
                P::NAME
            ),
            Err(RebuildError::CutOff) if stop.is_cancelled() => {}
            Err(error) => {
                let reason = error as &dyn std::error::Error;
                tracing::error!(
                    projection = P::NAME,
                    error = reason,
                    "{} could not be built anew, and is as it was: {error}",
                    P::NAME
                );
            }
        }
        built
    }

    async fn forget_at_once<P: Projection>(&self) {
        if let Err(error) = self.forget(P::NAME).await {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(error, "what was replaced of {} is removed later", P::NAME);
        }
    }

    /// Puts back what the last rebuild of the read model of that name replaced.
    ///
    /// # Errors
    /// Nothing is kept of it, or what is does not fit; or there is no such projection.
    pub(crate) async fn roll_back(&self, name: &str) -> Result<RolledBack, RollbackError> {
        roll_back_by_name(name, self.0.reader.clone(), &self.0.models).await
    }

    /// Removes what is kept for a rollback of the read model of that name. False if nothing is.
    ///
    /// # Errors
    /// It is being built or verified, the database failed, or there is no such projection.
    pub(crate) async fn forget(&self, name: &str) -> Result<bool, RollbackError> {
        forget_by_name(name, &self.0.models).await
    }

    /// Removes now and then what interrupted rebuilds have left, whoever ran them, and what is kept for
    /// rollbacks for longer than it may be; until `stop`.
    pub(crate) async fn keep_tidy(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let mut tidying = Tidying {
                rebuilds: &self,
                work: vec![],
            };
            projections::all(&mut tidying);
            for work in tidying.work {
                let Some(tidied) = stop.run_until_cancelled(work).await else {
                    return;
                };
                if let Err(error) = tidied {
                    let error = &error as &dyn std::error::Error;
                    tracing::debug!(error, "what rebuilds have left cannot be removed now");
                }
            }
            stop.run_until_cancelled(sleep(TIDY_EVERY)).await;
        }
    }
}

struct Tidying<'a> {
    rebuilds: &'a Rebuilds,
    work: Vec<BoxFuture<'a, Result<(), RebuildError>>>,
}

impl Visitor for Tidying<'_> {
    fn visit<P: Projection>(&mut self) {
        let Inner { models, keep, .. } = &*self.rebuilds.0;
        self.work.push(Box::pin(tidy::<P>(models, *keep)));
    }
}
