//! CPU and memory of processes, from `/proc`; where there is none, nothing is known.

use std::{fs, time::Duration};

/// `/proc` counts CPU in hundredths of a second on every Linux: `USER_HZ`.
const TICK: Duration = Duration::from_millis(10);

/// The fields of `/proc/PID/stat` from the state on, which is the third.
struct Stat(Vec<String>);

impl Stat {
    fn of(pid: &str) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name before may hold blanks and brackets.
        let (_, rest) = text.rsplit_once(") ")?;
        Some(Self(rest.split_whitespace().map(Into::into).collect()))
    }

    /// The field that the manual numbers so.
    fn field(&self, number: usize) -> u64 {
        let text = self.0.get(number - 3);
        text.and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    fn parent(&self) -> u64 {
        self.field(4)
    }

    /// User and system time of its own.
    fn own(&self) -> u64 {
        self.field(14) + self.field(15)
    }

    /// User and system time of children that ended.
    fn ended_children(&self) -> u64 {
        self.field(16) + self.field(17)
    }
}

fn ticks(count: u64) -> Duration {
    TICK * u32::try_from(count).unwrap_or(u32::MAX)
}

/// CPU that a process has used so far.
pub fn cpu_of(pid: u32) -> Option<Duration> {
    Stat::of(&pid.to_string()).map(|stat| ticks(stat.own()))
}

/// CPU that children of a process have used, of those that ended.
pub fn cpu_of_ended_children(pid: u32) -> Option<Duration> {
    Stat::of(&pid.to_string()).map(|stat| ticks(stat.ended_children()))
}

/// CPU that a process and its children, the ended ones too, have used so far: PostgreSQL has a
/// process for each session.
pub fn cpu_of_server(pid: u32) -> Option<Duration> {
    let server = || Stat::of(&pid.to_string());
    let mut before = server()?;
    loop {
        let children: u64 = children_of(pid)?
            .map(|child| child.own() + child.ended_children())
            .sum();
        let after = server()?;
        // One that ended in the meantime would be counted in neither.
        if after.ended_children() == before.ended_children() {
            return Some(ticks(after.own() + after.ended_children() + children));
        }
        before = after;
    }
}

fn children_of(pid: u32) -> Option<impl Iterator<Item = Stat>> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let children = processes.filter_map(move |entry| {
        let name = entry.file_name();
        let name = name
            .to_str()
            .filter(|name| name.as_bytes()[0].is_ascii_digit())?;
        let stat = Stat::of(name)?;
        (stat.parent() == u64::from(pid)).then_some(stat)
    });
    Some(children)
}

/// Memory that a process holds (resident), in bytes.
pub fn memory_of(pid: u32) -> Option<u64> {
    bytes_of(pid, "VmRSS:")
}

/// The most memory that a process has held at a time (resident), in bytes.
pub fn peak_memory_of(pid: u32) -> Option<u64> {
    bytes_of(pid, "VmHWM:")
}

fn bytes_of(pid: u32, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn work_shows_in_the_cpu_time() {
        let pid = std::process::id();
        let before = cpu_of(pid).unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        let mut number = 1_u64;
        while cpu_of(pid).unwrap() < before + 3 * TICK {
            assert!(std::time::Instant::now() < deadline);
            for _ in 0..100_000 {
                number = std::hint::black_box(number.wrapping_mul(3));
            }
        }
    }

    #[test]
    fn children_count_while_they_run_and_after() {
        let pid = std::process::id();
        let before = cpu_of_server(pid).unwrap();
        let mut child = std::process::Command::new("sh")
            .args(["-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"])
            .spawn()
            .unwrap();
        child.wait().unwrap();
        assert!(cpu_of_server(pid).unwrap() >= before + TICK);
    }

    #[test]
    fn memory_is_that_of_a_process() {
        let memory = memory_of(std::process::id()).unwrap();
        assert!((100 << 10..64 << 30).contains(&memory), "{memory}");
        assert_eq!(memory_of(u32::MAX), None);
        assert!(peak_memory_of(std::process::id()).unwrap() >= memory);
    }
}
