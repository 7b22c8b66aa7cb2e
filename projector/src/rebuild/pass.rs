//! One pass over history: read, decode, fold, copy; each beside the others.

use super::{RebuildError, RebuildOptions, copy::Encoder, progress::Report, site::Site};
use crate::{
    batch::{Batch, Unfoldable},
    projection::Projection,
    storage::{Change, KeyOf},
};
use bytes::Bytes;
use domain::Position;
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    marker::PhantomData,
    sync::Arc,
};
use store::{EventReader, StoreError, StoredEvent, is_full_of_history};
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    task::{JoinHandle, spawn_blocking},
    time::Instant,
};

/// How many pages and chunks may be under way.
const UNDER_WAY: usize = 4;

/// The keys of a pass: those whose hash is in a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    from: u64,
    /// The first that is not of it; none if all after `from` are.
    until: Option<u64>,
}

impl Part {
    pub(super) const ALL: Self = Self {
        from: 0,
        until: None,
    };

    fn has<K: Hash>(self, key: &K) -> bool {
        if self == Self::ALL {
            return true;
        }
        // Of constant seed: each pass must see the same.
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let hash = hasher.finish();
        hash >= self.from && self.until.is_none_or(|until| hash < until)
    }

    /// Its first half.
    fn half(self) -> Self {
        let until = self.until.unwrap_or(u64::MAX);
        Self {
            from: self.from,
            until: Some(self.from + (until - self.from) / 2),
        }
    }

    /// All that is after it.
    fn rest(self) -> Option<Self> {
        self.until.map(|from| Self { from, until: None })
    }
}

/// What a pass has copied.
pub(super) struct Copied {
    pub(super) rows: u64,
    /// The keys that are left to another pass.
    pub(super) rest: Option<Part>,
}

/// One pass over history.
pub(super) struct Pass<P> {
    reader: Arc<dyn EventReader>,
    until: Position,
    part: Part,
    options: RebuildOptions,
    report: Report,
    projection: PhantomData<fn() -> P>,
}

type Page = Result<Vec<StoredEvent>, StoreError>;

impl<P: Projection> Pass<P> {
    pub(super) fn new(
        reader: Arc<dyn EventReader>,
        until: Position,
        part: Part,
        options: &RebuildOptions,
        report: Report,
    ) -> Self {
        Self {
            reader,
            until,
            part,
            options: options.clone(),
            report,
            projection: PhantomData,
        }
    }

    /// Reads in a task, folds on a thread, copies here.
    pub(super) async fn run(self, site: &mut Site) -> Result<Copied, RebuildError> {
        let (pages, page) = channel(UNDER_WAY);
        let (chunks, chunk) = channel(UNDER_WAY);
        let (reader, until, limit) = (self.reader.clone(), self.until, self.options.page);
        let reading = AbortOnDrop(tokio::spawn(async move {
            read::<P>(&*reader, until, limit, pages).await;
        }));
        let folding = spawn_blocking(move || self.fold(page, &chunks));
        let copied = site.copy_in::<P::Row>(chunk).await;
        // Either has ended, or ends now that nobody takes what it gives.
        drop(reading);
        let folded = folding.await.map_err(|_| RebuildError::CutOff)?;
        match (folded, copied) {
            // The one was cut off by the other.
            (Err(RebuildError::CutOff), Err(error)) => Err(error.into()),
            (folded, copied) => {
                let folded = folded?;
                copied?;
                Ok(folded)
            }
        }
    }

    fn fold(
        mut self,
        mut pages: Receiver<Page>,
        chunks: &Sender<Bytes>,
    ) -> Result<Copied, RebuildError> {
        let began = Instant::now();
        let mut batch = Batch::<P>::new([]);
        let mut out = Output {
            encoder: Encoder::new(),
            chunks,
        };
        loop {
            let page = pages.blocking_recv().ok_or(RebuildError::CutOff)??;
            let (count, last) = (page.len(), page.last());
            let position = last.map_or(self.until, |event| event.envelope.position);
            for stored in page {
                self.fold_one(stored, &mut batch, &mut out)?;
            }
            self.report.folded(count, position, self.until, began);
            if count < self.options.page {
                break;
            }
        }
        for change in batch.into_changes() {
            if let Change::Insert(row) = change {
                out.add::<P>(&row)?;
            }
        }
        let last = out.encoder.finish();
        out.send(last)?;
        Ok(Copied {
            rows: out.encoder.rows(),
            rest: self.part.rest(),
        })
    }

    fn fold_one(
        &mut self,
        stored: StoredEvent,
        batch: &mut Batch<P>,
        out: &mut Output<'_>,
    ) -> Result<(), RebuildError> {
        let event = stored.decode()?;
        let Some(key) = P::key(&event).filter(|key: &KeyOf<P>| self.part.has(key)) else {
            return Ok(());
        };
        if P::APPEND_ONLY {
            let row = P::apply(None, &event);
            let row = row.map_err(|source| Unfoldable::new(&event, source))?;
            return row.map_or(Ok(()), |row| out.add::<P>(&row));
        }
        batch.fold(key, &event)?;
        while batch.len() > self.options.rows && self.part != self.part.half() {
            self.part = self.part.half();
            let part = self.part;
            batch.retain(|key| part.has(key));
        }
        Ok(())
    }
}

/// Reads all pages there are. The last one is not full.
async fn read<P: Projection>(
    reader: &dyn EventReader,
    until: Position,
    limit: usize,
    pages: Sender<Page>,
) {
    let types = P::types();
    let mut after = Position::ZERO;
    loop {
        let page = reader.read_types(&types, after, until, limit).await;
        let full = page
            .as_ref()
            .ok()
            .filter(|page| is_full_of_history(page, limit));
        let next = full.and_then(|page| page.last());
        let next = next.map(|event| event.envelope.position);
        if pages.send(page).await.is_err() {
            return;
        }
        match next {
            Some(position) => after = position,
            None => return,
        }
    }
}

struct Output<'a> {
    encoder: Encoder,
    chunks: &'a Sender<Bytes>,
}

impl Output<'_> {
    fn add<P: Projection>(&mut self, row: &P::Row) -> Result<(), RebuildError> {
        match self.encoder.add(row) {
            Some(chunk) => self.send(chunk),
            None => Ok(()),
        }
    }

    fn send(&self, chunk: Bytes) -> Result<(), RebuildError> {
        self.chunks
            .blocking_send(chunk)
            .map_err(|_| RebuildError::CutOff)
    }
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
