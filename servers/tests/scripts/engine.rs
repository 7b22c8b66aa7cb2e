//! The Docker engine that runs share: `tests/images/engine.sh`, with programs in the place of Docker's.

use crate::{Place, said};
use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

/// It answers while the engine runs.
const DOCKER: &str = r#"
[ "$(cat "/proc/$(cat "$ENGINE_STATE/dockerd.pid")/comm" 2>/dev/null)" = dockerd ]
"#;

/// It counts its starts, and ends when it is told to.
const DOCKERD: &str = r#"
echo $$ >"$2"
echo started >>"$ENGINE_STATE/starts"
trap 'exit 0' TERM
while sleep 0.05; do :; done
"#;

struct Machine(Place);

impl Machine {
    fn new() -> Self {
        let place = Place::new();
        place.copy("tests/images/engine.sh");
        place.program("bin/docker", DOCKER);
        place.program("bin/dockerd", DOCKERD);
        Self(place)
    }

    fn state(&self) -> PathBuf {
        self.0.at("state")
    }

    /// The script, on behalf of a process.
    fn script(&self, user: u32) -> Command {
        let mut command = self.0.script("tests/images/engine.sh");
        command
            .env("ENGINE_STATE", self.state())
            .env("ENGINE_LOG", self.0.at("log"))
            .env("ENGINE_USER", user.to_string());
        command
    }

    fn started(&self, user: u32) {
        said(&self.script(user).output().unwrap());
    }

    /// What it says to a stop.
    fn stopped(&self, user: u32) -> String {
        said(&self.script(user).arg("stop").output().unwrap())
    }

    fn starts(&self) -> usize {
        self.0.lines("state/starts").len()
    }

    fn answers(&self) -> bool {
        let mut docker = Command::new(self.0.at("bin/docker"));
        docker.env("ENGINE_STATE", self.state());
        docker.status().unwrap().success()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // The script has only stopped it where the test has come to that.
        let pid = fs::read_to_string(self.state().join("dockerd.pid")).unwrap_or_default();
        if self.answers() {
            let _ = Command::new("kill").arg(pid.trim()).status();
        }
    }
}

/// A run that uses the engine.
struct Run(Child);

impl Run {
    fn begin() -> Self {
        let mut sleep = Command::new("sleep");
        Self(sleep.arg("600").stdin(Stdio::null()).spawn().unwrap())
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    fn kill_hard(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
        std::mem::forget(self);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    let is_root = id.stdout == b"0\n";
    if !is_root {
        servers::skipped(&servers::test_name(), "only root can start an engine");
    }
    is_root
}

#[test]
fn an_engine_is_ended_by_the_last_who_uses_it() {
    if !is_root() {
        return;
    }
    let machine = Machine::new();
    let (one, other, killed) = (Run::begin(), Run::begin(), Run::begin());
    for run in [&one, &other, &killed] {
        machine.started(run.pid());
        assert!(machine.answers());
    }
    assert_eq!(machine.starts(), 1, "what runs is taken");
    let said = machine.stopped(one.pid());
    assert!(said.contains("another run uses it"), "{said}");
    assert!(machine.answers());
    // Who was killed has not said that he uses it no more.
    killed.kill_hard();
    machine.stopped(other.pid());
    assert!(!machine.answers());
    // And again, also for whoever comes from a process that has the number of an earlier one.
    machine.started(one.pid());
    assert_eq!(machine.starts(), 2);
    let reused = machine.state().join("users").join(other.pid().to_string());
    fs::write(reused, "1\n").unwrap();
    machine.stopped(one.pid());
    assert!(!machine.answers());
}

#[test]
fn two_who_come_at_once_start_one_engine() {
    if !is_root() {
        return;
    }
    let machine = Machine::new();
    let runs = [Run::begin(), Run::begin(), Run::begin(), Run::begin()];
    let starting = runs.each_ref().map(|run| {
        let mut script = machine.script(run.pid());
        script.stderr(Stdio::piped()).spawn().unwrap()
    });
    for script in starting {
        said(&script.wait_with_output().unwrap());
    }
    assert_eq!(machine.starts(), 1);
    for run in &runs {
        assert!(machine.answers());
        machine.stopped(run.pid());
    }
    assert!(!machine.answers());
}
