//! Log files.

use super::{Check, needles::Needles};
use anyhow::Context;
use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

pub(super) fn check(path: &Path, needles: &Needles) -> anyhow::Result<Check> {
    let failed = || format!("{} cannot be read", path.display());
    let mut file = BufReader::new(File::open(path).with_context(failed)?);
    let (mut lines, mut found) = (0, 0);
    let mut line = vec![];
    while file.read_until(b'\n', &mut line).with_context(failed)? > 0 {
        lines += 1;
        found += u64::from(needles.are_in(&line));
        line.clear();
    }
    Ok(Check {
        place: path.display().to_string(),
        looked_at: lines,
        problem: (found > 0).then(|| format!("a text stands in {found} lines")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_searched_line_by_line() {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let path = directory.path().join("log");
        std::fs::write(&path, b"one\nAda Lovelace\n\xff two").expect("it can be written");
        let needles = |text: &str| Needles::new(vec![text.into()]).expect("it is long enough");
        let found = check(&path, &needles("Lovelace")).expect("it can be read");
        assert_eq!(found.looked_at, 3);
        assert_eq!(found.problem.as_deref(), Some("a text stands in 1 lines"));
        let nothing = check(&path, &needles("Babbage")).expect("it can be read");
        assert_eq!(nothing.problem, None);
        assert!(check(&directory.path().join("none"), &needles("abc")).is_err());
    }
}
