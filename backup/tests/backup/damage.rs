//! Whatever is changed in a backup is found, and named.

use crate::harness::*;
use backup::{BackupError, Damage, MANIFEST, Target, Unwatched, verify};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use store::EventReader;
use tokio::runtime::Runtime;

/// The files of a backup, by their names in the target.
fn files(root: &Path) -> Vec<(String, PathBuf)> {
    let mut files = vec![(MANIFEST.to_owned(), root.join(MANIFEST))];
    for folder in ["events", "commands"] {
        for file in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            files.push((format!("{folder}/{name}"), path.clone()));
        }
    }
    files.sort();
    files
}

struct Backup {
    directory: tempfile::TempDir,
    target: Target,
}

impl Backup {
    async fn new() -> Self {
        let one = memory();
        fill(&one, 0, 200).await;
        let (directory, target) = directory();
        write(&one, &target).await;
        Self { directory, target }
    }

    fn files(&self) -> Vec<(String, PathBuf)> {
        files(&self.directory.path().join("backup"))
    }

    async fn damage(&self) -> Damage {
        match verify(&self.target, &mut Unwatched).await {
            Err(BackupError::Damaged(damage)) => damage,
            other => panic!("not found: {other:?}"),
        }
    }
}

#[test]
fn every_flipped_bit_is_found_and_named() {
    let runtime = Runtime::new().unwrap();
    let backup = runtime.block_on(Backup::new());
    let files = backup.files();
    assert!(files.len() > 5, "{files:?}");
    let config = ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(file in 0..files.len(), at in any::<prop::sample::Index>(), bit in 0..8_u8)| {
        let (name, path) = &files[file];
        let right = std::fs::read(path).unwrap();
        let mut wrong = right.clone();
        let at = at.index(wrong.len());
        wrong[at] ^= 1 << bit;
        std::fs::write(path, &wrong).unwrap();
        let found = runtime.block_on(verify(&backup.target, &mut Unwatched));
        std::fs::write(path, &right).unwrap();
        match found {
            Err(BackupError::Damaged(damage)) => {
                prop_assert_eq!(&damage.file, name);
                // Of a segment, also the lines, and of events the positions.
                let place = damage.place;
                prop_assert_eq!(place.is_some(), name != MANIFEST, "byte {}: {}", at, damage);
                let positions = place.is_some_and(|place| place.positions.is_some());
                prop_assert_eq!(positions, name.starts_with("events/"));
            }
            other => prop_assert!(false, "byte {} of {}: {:?}", at, name, other),
        }
    });
    runtime
        .block_on(verify(&backup.target, &mut Unwatched))
        .unwrap();
}

#[tokio::test]
async fn a_damaged_block_is_named_with_its_lines_and_positions() {
    let backup = Backup::new().await;
    let segment = &files(&backup.directory.path().join("backup"));
    let (name, path) = segment
        .iter()
        .find(|(name, _)| name.starts_with("events/"))
        .unwrap();
    let mut content = std::fs::read(path).unwrap();
    let last = content.len() - 1;
    content[last] ^= 1;
    std::fs::write(path, content).unwrap();
    let damage = backup.damage().await;
    let place = damage.place.unwrap();
    let (after, last) = place.positions.unwrap();
    assert_eq!(&damage.file, name);
    assert_eq!(after + 1, i64::try_from(place.line).unwrap());
    assert_eq!(
        last,
        place.last_line.map(|line| i64::try_from(line).unwrap())
    );
    let said = damage.to_string();
    assert!(
        said.contains("positions ") && said.contains("lines "),
        "{said}"
    );
}

#[tokio::test]
async fn what_is_cut_off_added_missing_or_swapped_is_named() {
    let backup = Backup::new().await;
    let files = backup.files();
    let segments: Vec<_> = files.iter().filter(|(name, _)| name != MANIFEST).collect();
    for (name, path) in &segments {
        let right = std::fs::read(path).unwrap();
        for length in [0, 1, right.len() / 2, right.len() - 1] {
            std::fs::write(path, &right[..length]).unwrap();
            assert_eq!(&backup.damage().await.file, name);
        }
        std::fs::write(path, [&right[..], b"\n"].concat()).unwrap();
        assert_eq!(&backup.damage().await.file, name);
        std::fs::remove_file(path).unwrap();
        let damage = backup.damage().await;
        assert_eq!(
            (&damage.file, damage.what.as_str()),
            (name, "it is missing")
        );
        std::fs::write(path, right).unwrap();
    }
    let [(one, first), (_, second), ..] = segments[..] else {
        panic!("there are more");
    };
    let between = first.with_extension("between");
    std::fs::rename(first, &between).unwrap();
    std::fs::rename(second, first).unwrap();
    std::fs::rename(&between, second).unwrap();
    let damage = backup.damage().await;
    assert_eq!(&damage.file, one);
    assert!(damage.what.starts_with("it holds what "), "{damage}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_damaged_backup_is_restored() {
    let backup = Backup::new().await;
    let (_, path) = backup
        .files()
        .into_iter()
        .rfind(|(name, _)| name.starts_with("events/"))
        .unwrap();
    let mut content = std::fs::read(&path).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 0x10;
    std::fs::write(&path, content).unwrap();
    let other = Postgres::new().await;
    let into = other.restore().await;
    let refused = restore(&backup.target, &into, KEPT, &mut Unwatched).await;
    assert!(
        matches!(refused, Err(BackupError::Damaged(_))),
        "{refused:?}"
    );
    assert_eq!(other.store.head().await.unwrap().position.get(), 0);
    assert!(other.rows().await.is_empty());
    // Another backup can be restored into it.
    let right = Backup::new().await;
    drop(into);
    let into = other.restore().await;
    restore(&right.target, &into, KEPT, &mut Unwatched)
        .await
        .unwrap();
}

#[tokio::test]
async fn another_format_is_refused_by_its_number() {
    let backup = Backup::new().await;
    let (_, path) = &backup.files()[backup.files().len() - 1];
    assert!(path.ends_with(MANIFEST));
    let json = br#"{"format":2}"#;
    let digest = <sha2::Sha256 as sha2::Digest>::digest(json);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let manifest = format!(
        r#"{{"manifest":{},"sha256":"{digest}"}}"#,
        r#"{"format":2}"#
    );
    std::fs::write(path, manifest + "\n").unwrap();
    let refused = verify(&backup.target, &mut Unwatched).await;
    assert!(
        matches!(refused, Err(BackupError::Format { found: 2 })),
        "{refused:?}"
    );
}
