//! One pass over history: read, decode, fold, copy; each beside the others. Pages are decoded on threads of
//! their own, some at a time, and folded in their order.

use super::{RebuildError, RebuildOptions, copy::Encoder, progress::Report, site::Target};
use crate::{
    batch::{Batch, Unfoldable},
    live::RunError,
    parking::{Lot, Poison, Verdict, waiting_behind},
    projection::Projection,
    storage::{Change, KeyOf},
};
use bytes::Bytes;
use domain::{Envelope, Position, Recorded};
use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    marker::PhantomData,
    sync::Arc,
};
use store::{Delivered, EventReader, StoreError, StoredEvent, is_full_of_history};
use tokio::{
    sync::{
        mpsc::{Receiver, Sender, channel},
        oneshot,
    },
    task::{JoinHandle, spawn_blocking},
    time::Instant,
};

/// How many pages may wait to be folded, decoded or being so; and how many chunks may wait to be copied.
const PAGES: usize = 2;
const CHUNKS: usize = 4;

/// The keys of a pass: those whose hash is in a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    from: u64,
    /// The first that is not of it; none if all after `from` are.
    until: Option<u64>,
    /// The first that is of no pass; none if all are of one.
    end: Option<u64>,
}

impl Part {
    pub(crate) const ALL: Self = Self {
        from: 0,
        until: None,
        end: None,
    };

    /// About so many of a hundred keys, always the same ones; all from 100 on.
    pub(crate) fn sample(percent: f64) -> Self {
        let end = (percent < 100.0).then(|| (u64::MAX as f64 * (percent.max(0.0) / 100.0)) as u64);
        Self {
            from: 0,
            until: end,
            end,
        }
    }

    pub(crate) fn has<K: Hash>(self, key: &K) -> bool {
        if self == Self::ALL {
            return true;
        }
        // Of constant seed: each pass must see the same.
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let hash = hasher.finish();
        hash >= self.from && self.until.is_none_or(|until| hash < until)
    }

    /// Whether it is the first of several.
    const fn is_first(self) -> bool {
        self.from == 0
    }

    /// Whether the key is of it, or of a part before it.
    fn had<K: Hash>(self, key: &K) -> bool {
        Self { from: 0, ..self }.has(key)
    }

    /// Its first half.
    fn half(self) -> Self {
        let until = self.until.unwrap_or(u64::MAX);
        Self {
            until: Some(self.from + (until - self.from) / 2),
            ..self
        }
    }

    /// All that is after it.
    fn rest(self) -> Option<Self> {
        let from = self.until.filter(|until| Some(*until) != self.end)?;
        Some(Self {
            from,
            until: self.end,
            ..self
        })
    }
}

/// What a pass has copied.
pub(crate) struct Copied<P: Projection> {
    pub(crate) rows: u64,
    /// The keys that are left to another pass.
    pub(crate) rest: Option<Part>,
    /// What is parked, by this pass and those before it.
    pub(crate) lot: Lot<P>,
    /// The rows that stop at an event that cannot be folded: a pass of their own copies them as they are
    /// before it.
    pub(crate) cut: HashSet<KeyOf<P>>,
}

/// What a pass does with an event that cannot be read or folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnPoison {
    /// Its sequence is parked.
    Park,
    /// It ends the pass.
    End,
}

/// One pass over history.
pub(crate) struct Pass<P: Projection> {
    reader: Arc<dyn EventReader>,
    until: Position,
    part: Part,
    options: RebuildOptions,
    report: Report,
    lot: Lot<P>,
    on_poison: OnPoison,
    cut: HashSet<KeyOf<P>>,
    /// Only these rows are folded; all, if none are named.
    only: Option<HashSet<KeyOf<P>>>,
    /// Up to where it has read.
    at: Position,
    projection: PhantomData<fn() -> P>,
}

/// A page of history, decoded.
struct Page {
    events: Vec<Delivered>,
    /// Up to where it goes; `None` if there is nothing in it.
    to: Option<Position>,
    is_last: bool,
}

/// A page that somebody is decoding.
type Decoding = oneshot::Receiver<Result<Page, StoreError>>;

impl<P: Projection> Pass<P> {
    pub(crate) fn new(
        reader: Arc<dyn EventReader>,
        until: Position,
        part: Part,
        options: &RebuildOptions,
        report: Report,
        lot: Lot<P>,
    ) -> Self {
        Self {
            reader,
            until,
            part,
            options: options.clone(),
            report,
            lot,
            on_poison: OnPoison::End,
            cut: HashSet::new(),
            only: None,
            at: Position::ZERO,
            projection: PhantomData,
        }
    }

    /// The same, but what cannot be read or folded is parked.
    pub(crate) fn parking(mut self) -> Self {
        self.on_poison = OnPoison::Park;
        self
    }

    /// The same for these rows alone, of which it is known where they stop.
    pub(crate) fn only(mut self, rows: HashSet<KeyOf<P>>) -> Self {
        self.only = Some(rows);
        self
    }

    /// Reads in a task, folds on a thread, copies here.
    pub(crate) async fn run(self, mut target: Target<'_>) -> Result<Copied<P>, RebuildError> {
        let (pages, page) = channel(PAGES);
        let (chunks, chunk) = channel(CHUNKS);
        let (reader, until, limit) = (self.reader.clone(), self.until, self.options.page);
        let reading = AbortOnDrop(tokio::spawn(async move {
            read::<P>(&*reader, until, limit, pages).await;
        }));
        let folding = spawn_blocking(move || self.fold(page, &chunks));
        let copied = target.copy_in::<P::Row>(chunk).await;
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
        mut pages: Receiver<Decoding>,
        chunks: &Sender<Bytes>,
    ) -> Result<Copied<P>, RebuildError> {
        let began = Instant::now();
        let mut batch = Batch::<P>::new([]);
        let mut out = Output {
            encoder: Encoder::new(),
            chunks,
        };
        loop {
            let page = pages.blocking_recv().ok_or(RebuildError::CutOff)?;
            let page = page.blocking_recv().map_err(|_| RebuildError::CutOff)??;
            let count = page.events.len();
            for event in page.events {
                let position = envelope(&event).position;
                self.take_in(event, &mut batch, &mut out)?;
                self.at = position;
            }
            let position = page.to.unwrap_or(self.until);
            self.report.folded(count, position, self.until, began);
            if page.is_last {
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
            lot: self.lot,
            cut: self.cut,
        })
    }

    fn take_in(
        &mut self,
        event: Delivered,
        batch: &mut Batch<P>,
        out: &mut Output<'_>,
    ) -> Result<(), RebuildError> {
        let verdict = self.lot.judge(&event);
        if let Verdict::LeaveOut(key) = verdict {
            let is_mine = match &self.only {
                Some(only) => only.contains(&key),
                None => self.part.has(&key),
            };
            if is_mine && !P::APPEND_ONLY {
                batch.leave_out(key, envelope(&event));
            }
            return Ok(());
        }
        if let Some(only) = &self.only {
            return match (verdict, event) {
                (Verdict::Fold(key), Ok(event)) if only.contains(&key) => {
                    self.fold_one(&event, key, batch, out)
                }
                _ => Ok(()),
            };
        }
        match (verdict, event) {
            (Verdict::Pass | Verdict::LeaveOut(_), _)
            | (Verdict::Fold(_) | Verdict::Behind { .. }, Err(_)) => Ok(()),
            (Verdict::Fold(key), Ok(event)) => match self.part.has(&key) {
                true => self.fold_one(&event, key, batch, out),
                false => Ok(()),
            },
            (Verdict::Queue(sequence), event) => {
                if self.counts(&event) {
                    self.lot.queue(&sequence, 1);
                }
                Ok(())
            }
            (
                Verdict::Behind {
                    key,
                    sequence,
                    stream,
                },
                Ok(event),
            ) => {
                if self.on_poison == OnPoison::Park && self.part.has(&key) {
                    if self.lot.room_behind() == 0 {
                        return Err(RunError::TooMuchWaits { name: P::NAME }.into());
                    }
                    let stop = waiting_behind(stream, &event, self.at);
                    self.lot.hold(sequence, Some(key), stop, 0);
                }
                Ok(())
            }
            (Verdict::Poison(error), _) => {
                let poison = Poison::unreadable(&error, self.at);
                match poison.key.as_ref().is_none_or(|key| self.part.has(key)) {
                    true => self.stopped(poison),
                    false => Ok(()),
                }
            }
        }
    }

    /// Whether this pass counts it as one that waits: of several passes one does.
    fn counts(&self, event: &Delivered) -> bool {
        match event {
            Ok(event) => P::key(event).is_some_and(|key| self.part.has(&key)),
            Err(error) => match Poison::<P>::unreadable(error, self.at).key {
                Some(key) => self.part.has(&key),
                None => self.part.is_first(),
            },
        }
    }

    fn stopped(&mut self, poison: Poison<P>) -> Result<(), RebuildError> {
        if self.on_poison == OnPoison::End {
            return Err(RunError::from(poison.error).into());
        }
        if !self.lot.has_room() {
            return Err(RunError::TooManyParked {
                name: P::NAME,
                limit: self.lot.room().parked,
                error: Box::new(poison.error.into()),
            }
            .into());
        }
        self.lot.park(&poison, 1);
        Ok(())
    }

    fn fold_one(
        &mut self,
        event: &Recorded,
        key: KeyOf<P>,
        batch: &mut Batch<P>,
        out: &mut Output<'_>,
    ) -> Result<(), RebuildError> {
        if P::APPEND_ONLY {
            return match P::apply(None, event) {
                Ok(Some(row)) => out.add::<P>(&row),
                Ok(None) => Ok(()),
                Err(source) => {
                    let error = Unfoldable::new(event, source);
                    self.stopped(Poison::unfoldable(event, key, error, self.at))
                }
            };
        }
        if let Err(error) = batch.fold(key, event) {
            let Some(key) = P::key(event) else {
                return Err(error.into());
            };
            // The row was taken apart: it is folded once more, up to here.
            self.cut.insert(key.clone());
            return self.stopped(Poison::unfoldable(event, key, error, self.at));
        }
        while batch.len() > self.options.rows && self.part != self.part.half() {
            self.part = self.part.half();
            let part = self.part;
            batch.retain(|key| part.has(key));
            self.lot.retain(|key| part.had(key));
            self.cut.retain(|key| part.has(key));
        }
        Ok(())
    }
}

/// Reads all pages there are, and has each decoded while the next is read.
async fn read<P: Projection>(
    reader: &dyn EventReader,
    until: Position,
    limit: usize,
    pages: Sender<Decoding>,
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
        let (decoded, decoding) = oneshot::channel();
        if pages.send(decoding).await.is_err() {
            return;
        }
        spawn_blocking(move || {
            // Should nobody want it any more, nothing is lost.
            let _ = decoded.send(page.map(|page| decode(page, next.is_none())));
        });
        match next {
            Some(position) => after = position,
            None => return,
        }
    }
}

fn decode(page: Vec<StoredEvent>, is_last: bool) -> Page {
    Page {
        to: page.last().map(|event| event.envelope.position),
        events: page.into_iter().map(StoredEvent::decode).collect(),
        is_last,
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

fn envelope(event: &Delivered) -> &Envelope {
    match event {
        Ok(event) => &event.envelope,
        Err(error) => &error.envelope,
    }
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts that passes take, each halved so often as it may be.
    fn parts(whole: Part, halvings: u32) -> Vec<Part> {
        let mut parts = vec![];
        let mut next = Some(whole);
        while let Some(mut part) = next {
            for _ in 0..halvings.min(parts.len() as u32 + 1) {
                part = part.half();
            }
            next = part.rest().filter(|_| parts.len() < 8);
            parts.push(match next {
                Some(_) => part,
                // The last one takes what is left.
                None => Part {
                    until: part.end,
                    ..part
                },
            });
        }
        parts
    }

    #[test]
    fn passes_share_a_sample_out_among_them_and_nothing_else() {
        let sample = Part::sample(30.0);
        let parts = parts(sample, 2);
        assert!(parts.len() > 2, "{parts:?}");
        let mut sampled = 0;
        for key in 0..10_000_u32 {
            let within = parts.iter().filter(|part| part.has(&key)).count();
            assert_eq!(within, usize::from(sample.has(&key)), "{key}");
            sampled += within;
        }
        assert!((2_700..3_300).contains(&sampled), "{sampled}");
        assert_eq!(Part::sample(100.0), Part::ALL);
        assert_eq!(sample.rest(), None);
    }
}
