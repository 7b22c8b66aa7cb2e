//! The processes that a process has started, and those that they have.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

/// A process, told apart from a later one that gets its number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Relative {
    /// Its number.
    pub pid: i32,
    /// When it began, in ticks since the machine did.
    began: u64,
    /// Who started it.
    pub parent: i32,
    /// The name of its program.
    pub name: String,
}

struct Stat {
    relative: Relative,
    is_dead: bool,
}

/// All processes below this one.
///
/// # Panics
/// When this is not Linux.
pub fn descendants(of: u32) -> BTreeSet<Relative> {
    let mut children: BTreeMap<i32, Vec<Relative>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").expect("there is /proc") {
        let name = entry.expect("/proc can be listed").file_name();
        let Ok(pid) = name.to_string_lossy().parse() else {
            continue;
        };
        if let Some(stat) = stat(pid) {
            let siblings = children.entry(stat.relative.parent).or_default();
            siblings.push(stat.relative);
        }
    }
    let mut found = BTreeSet::new();
    let mut waiting = vec![i32::try_from(of).expect("process ids are small")];
    while let Some(pid) = waiting.pop() {
        for child in children.remove(&pid).unwrap_or_default() {
            waiting.push(child.pid);
            found.insert(child);
        }
    }
    found
}

impl Relative {
    /// Whether it still runs.
    pub fn is_alive(&self) -> bool {
        stat(self.pid).is_some_and(|now| now.relative.began == self.began && !now.is_dead)
    }
}

/// What the kernel says of a process; none if it is gone.
fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in brackets and may have any character in it.
    let (before, rest) = text.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    Some(Stat {
        relative: Relative {
            pid,
            began: fields.get(19)?.parse().ok()?,
            parent: fields.get(1)?.parse().ok()?,
            name: name.to_owned(),
        },
        is_dead: matches!(*fields.first()?, "Z" | "X"),
    })
}
