//! A batch in parts that the server takes at once.

use crate::Append;

/// About what a record takes beside its payload: names, envelope, and what the server adds.
const BESIDE: usize = 1 << 10;

/// Consecutive parts of `batch` of at most `bytes`, or of one append that alone is larger.
pub(super) fn parts(batch: &[Append], bytes: usize) -> impl Iterator<Item = &[Append]> {
    let mut rest = batch;
    std::iter::from_fn(move || {
        let mut taken = 0;
        let fits = |append: &&Append| {
            taken += size(append);
            taken <= bytes
        };
        let count = rest.iter().take_while(fits).count();
        let (part, after) = rest.split_at(count.max(1).min(rest.len()));
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}

fn size(append: &Append) -> usize {
    let events = append.streams.iter().flat_map(|stream| &stream.events);
    let payloads: usize = events.map(|event| event.payload.len() + BESIDE).sum();
    // The record of the command, and how long it is kept.
    payloads + 2 * BESIDE
}
