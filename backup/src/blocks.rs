//! Lines in blocks that are compressed and checked each by itself, so that what is damaged has a name.
//!
//! A block is a frame of zstd. Before it stands what it holds, in a frame that decompressors skip.

use crate::damage::{Damage, Place};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The magic number of a frame that decompressors skip.
const SKIPPED: [u8; 4] = 0x184D_2A50_u32.to_le_bytes();

/// How strongly blocks are compressed: zstd's own default.
const LEVEL: i32 = 3;

/// The most bytes that a header may have.
const LARGEST_HEADER: usize = 1 << 10;

/// The most bytes that a block may have, so that a damaged number does not fill the memory.
const LARGEST_BLOCK: usize = 64 << 20;

/// What a block holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    /// Its number, from 1.
    block: u64,
    /// Its first line's number, from 1.
    line: u64,
    /// How many lines.
    lines: u64,
    /// The position of its first event; of records of commands, nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    first: Option<i64>,
    /// That of its last.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    last: Option<i64>,
    /// How many bytes it has, as they were and compressed.
    bytes: usize,
    compressed: usize,
    /// The SHA-256 of all this, with nothing here, and of the compressed ones.
    sha256: String,
}

impl Header {
    /// The checksum of a block with this header and this content.
    fn checksum(&self, compressed: &[u8]) -> serde_json::Result<String> {
        let nothing = Self {
            sha256: String::new(),
            ..self.clone()
        };
        let mut both = serde_json::to_vec(&nothing)?;
        both.extend_from_slice(compressed);
        Ok(sha256(&both))
    }
}

/// Lines on their way into blocks.
#[derive(Default)]
pub(crate) struct BlockWriter {
    /// The blocks that are done.
    done: Vec<u8>,
    blocks: u64,
    lines_done: u64,
    /// Those of the block that is not.
    text: Vec<u8>,
    lines: u64,
    first: Option<i64>,
    last: Option<i64>,
}

impl BlockWriter {
    /// Adds a line, of an event at `position`; ends the block once it has `block_bytes`.
    pub(crate) fn push(
        &mut self,
        line: &[u8],
        position: Option<i64>,
        block_bytes: usize,
    ) -> std::io::Result<()> {
        self.text.extend_from_slice(line);
        self.text.push(b'\n');
        self.lines += 1;
        self.first = self.first.or(position);
        self.last = position;
        match self.text.len() >= block_bytes {
            true => self.end_block(),
            false => Ok(()),
        }
    }

    /// How many bytes are done.
    pub(crate) const fn len(&self) -> usize {
        self.done.len()
    }

    /// How many lines there are.
    pub(crate) const fn lines(&self) -> u64 {
        self.lines_done + self.lines
    }

    /// All of it.
    pub(crate) fn finish(mut self) -> std::io::Result<Vec<u8>> {
        if self.lines > 0 {
            self.end_block()?;
        }
        Ok(self.done)
    }

    fn end_block(&mut self) -> std::io::Result<()> {
        if self.text.len() > LARGEST_BLOCK {
            let what = "an event or a record is larger than any block that is read";
            return Err(std::io::Error::other(what));
        }
        let compressed = zstd::bulk::compress(&self.text, LEVEL)?;
        self.blocks += 1;
        let mut header = Header {
            block: self.blocks,
            line: self.lines_done + 1,
            lines: self.lines,
            first: self.first.take(),
            last: self.last.take(),
            bytes: self.text.len(),
            compressed: compressed.len(),
            sha256: String::new(),
        };
        header.sha256 = header.checksum(&compressed)?;
        let header = serde_json::to_vec(&header)?;
        let length = u32::try_from(header.len()).map_err(std::io::Error::other)?;
        self.done.extend_from_slice(&SKIPPED);
        self.done.extend_from_slice(&length.to_le_bytes());
        self.done.extend_from_slice(&header);
        self.done.extend_from_slice(&compressed);
        self.lines_done += self.lines;
        self.lines = 0;
        self.text.clear();
        Ok(())
    }
}

/// A block that is as it was written.
pub(crate) struct Block {
    pub(crate) place: Place,
    text: Vec<u8>,
}

impl Block {
    /// Its lines, without their ends.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let text = self.text.strip_suffix(b"\n").unwrap_or(&self.text);
        text.split(|byte| *byte == b'\n')
    }
}

/// The blocks of a file, each checked when it is read. What is damaged ends them.
pub(crate) struct Blocks<'a> {
    file: &'a str,
    rest: &'a [u8],
    block: u64,
    line: u64,
    /// The last position so far, or the one before the file; none in a file without events.
    after: Option<i64>,
    ended: bool,
}

impl<'a> Blocks<'a> {
    /// Those of `bytes`, which is the content of `file`; its events come after the position `after`.
    pub(crate) const fn new(file: &'a str, bytes: &'a [u8], after: Option<i64>) -> Self {
        Self {
            file,
            rest: bytes,
            block: 0,
            line: 0,
            after,
            ended: false,
        }
    }

    /// The damage `what` in the block that is read, of which no more is known than what is before it.
    fn damage(&self, what: impl Into<String>) -> Damage {
        self.damage_of(None, what)
    }

    fn damage_of(&self, header: Option<&Header>, what: impl Into<String>) -> Damage {
        Damage {
            file: self.file.to_owned(),
            place: Some(self.place(header)),
            what: what.into(),
        }
    }

    fn place(&self, header: Option<&Header>) -> Place {
        Place {
            block: self.block,
            line: self.line + 1,
            last_line: header.map(|header| self.line + header.lines),
            positions: self
                .after
                .map(|after| (after, header.and_then(|header| header.last))),
        }
    }

    fn read(&mut self) -> Result<Block, Damage> {
        let (header, mut rest) = self.header()?;
        // What it says of its place must be what is known of that anyway: else nothing of it counts.
        let credible = header.block == self.block
            && header.line == self.line + 1
            && header.first.is_some() == self.after.is_some()
            && header.last.is_some() == self.after.is_some()
            && header
                .first
                .zip(self.after)
                .is_none_or(|(first, after)| first > after)
            && header.last >= header.first;
        if !credible {
            return Err(self.damage("it says that it is another block"));
        }
        let Some((compressed, after)) = rest.split_at_checked(header.compressed) else {
            return Err(self.damage_of(Some(&header), "it ends too early"));
        };
        rest = after;
        let checksum = header.checksum(compressed);
        if checksum.is_ok_and(|checksum| checksum != header.sha256) {
            return Err(self.damage_of(Some(&header), "its content is not what its checksum says"));
        }
        let text = match header.bytes {
            0..=LARGEST_BLOCK => zstd::bulk::decompress(compressed, header.bytes),
            _ => return Err(self.damage("it says that it is larger than any block")),
        };
        let text = text.map_err(|error| {
            self.damage_of(Some(&header), format!("it cannot be decompressed: {error}"))
        })?;
        let lines = text.iter().filter(|byte| **byte == b'\n').count() as u64;
        if text.len() != header.bytes || lines != header.lines || !text.ends_with(b"\n") {
            return Err(self.damage("it has another size, or other lines, than it says"));
        }
        let place = self.place(Some(&header));
        self.rest = rest;
        self.line += header.lines;
        self.after = self.after.and(header.last);
        Ok(Block { place, text })
    }

    fn header(&self) -> Result<(Header, &'a [u8]), Damage> {
        let damaged = || self.damage("what stands before it is damaged");
        let rest = self.rest.strip_prefix(&SKIPPED).ok_or_else(damaged)?;
        let (length, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
        let length = u32::from_le_bytes(*length) as usize;
        if length > LARGEST_HEADER {
            return Err(damaged());
        }
        let (text, rest) = rest.split_at_checked(length).ok_or_else(damaged)?;
        let header: Header = serde_json::from_slice(text).map_err(|_| damaged())?;
        // There is one way to write it.
        match serde_json::to_vec(&header) {
            Ok(again) if again == text => Ok((header, rest)),
            _ => Err(damaged()),
        }
    }
}

impl Iterator for Blocks<'_> {
    type Item = Result<Block, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended || self.rest.is_empty() {
            return None;
        }
        self.block += 1;
        let read = self.read();
        self.ended = read.is_err();
        Some(read)
    }
}

/// The SHA-256 of `bytes`, in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let mut text = String::with_capacity(64);
    for byte in digest {
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
    }
    text
}
