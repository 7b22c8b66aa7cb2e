//! Where and when a run took place: figures mean nothing without it.

use chrono::{DateTime, Utc};
use std::{fs, io::Write, path::Path, process::Command, time::Instant};

/// The machine, the software and the moment.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The processor's model.
    pub cpu: String,
    /// How many of it the system has.
    pub cores: usize,
    /// Memory, in bytes.
    pub memory: Option<u64>,
    /// The kernel's name and release.
    pub kernel: String,
    /// What PostgreSQL's files are on.
    pub file_system: String,
    /// The median time to make 8 KiB durable there, in microseconds.
    pub sync_micros: Option<f64>,
    /// PostgreSQL's version.
    pub postgres: String,
    /// The commit that was measured, and whether the files differed from it.
    pub commit: String,
    /// When.
    pub date: DateTime<Utc>,
}

impl Machine {
    /// Looks around. `data` is where PostgreSQL's files are.
    pub fn look(data: &Path, postgres: &str) -> Self {
        Self {
            cpu: proc_line("/proc/cpuinfo", "model name").unwrap_or_else(|| unknown("CPU")),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory: proc_line("/proc/meminfo", "MemTotal")
                .and_then(|text| text.strip_suffix(" kB")?.trim().parse().ok())
                .map(|kilobytes: u64| kilobytes * 1024),
            kernel: printed("uname", &["-sr"]).unwrap_or_else(|| unknown("kernel")),
            file_system: file_system(data).unwrap_or_else(|| unknown("file system")),
            sync_micros: sync_micros(),
            postgres: postgres.into(),
            commit: commit(),
            date: Utc::now(),
        }
    }

    /// Whether durability costs nothing here, so that the figures say nothing.
    pub fn keeps_files_in_memory(&self) -> bool {
        ["tmpfs", "ramfs"].contains(&self.file_system.as_str())
    }
}

fn unknown(what: &str) -> String {
    format!("unknown {what}")
}

/// The value of the first line `label : value`.
fn proc_line(path: &str, label: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(label))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn printed(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn commit() -> String {
    let Some(commit) = printed("git", &["rev-parse", "--short=12", "HEAD"]) else {
        return unknown("commit");
    };
    match printed("git", &["status", "--porcelain", "--untracked-files=no"]) {
        Some(changes) if !changes.is_empty() => format!("{commit}, with changes"),
        _ => commit,
    }
}

/// The type of the file system with the longest mount point above `path`.
fn file_system(path: &Path) -> Option<String> {
    let mounts = fs::read_to_string("/proc/mounts").ok()?;
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            Some((fields.next()?, fields.next()?))
        })
        .filter(|(point, _)| path.starts_with(point))
        // Of mounts on the same point the last one counts.
        .max_by_key(|(point, _)| point.len())
        .map(|(_, kind)| kind.to_owned())
}

/// PostgreSQL's directory belongs to its own account; files beside it are on the same disk.
fn sync_micros() -> Option<f64> {
    const TIMES: usize = 101;
    let mut file = tempfile::tempfile().ok()?;
    let block = [7; 8192];
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let began = Instant::now();
        file.write_all(&block).ok()?;
        file.sync_data().ok()?;
        times.push(began.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    times.get(TIMES / 2).copied()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mount_tells_the_file_system() {
        assert_eq!(
            file_system(Path::new("/proc/self")).as_deref(),
            Some("proc")
        );
        assert!(file_system(Path::new("/")).is_some());
    }

    #[test]
    fn a_machine_has_a_processor_and_a_kernel() {
        let machine = Machine::look(Path::new("/"), "15.1");
        assert!(!machine.cpu.starts_with("unknown"), "{machine:?}");
        assert!(machine.kernel.starts_with("Linux "), "{machine:?}");
        assert!(machine.sync_micros.unwrap() > 0.0);
    }
}
