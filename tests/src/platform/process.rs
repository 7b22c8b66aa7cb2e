//! One process of the platform: started, watched, killed, paused, stopped.

use super::{PATIENCE, eventually, watchdog::Watchdog};
use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// How much of a log is shown when a test fails.
const LOG_TAIL: usize = 6_000;

/// How often a process that should end is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// What a process is started as.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub name: String,
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub environment: BTreeMap<String, String>,
    /// The directory that it is started in.
    pub directory: PathBuf,
    pub log: PathBuf,
    /// Where it says that it is ready.
    pub ready: String,
}

/// A process of the platform; dropping it kills it.
#[derive(Debug)]
pub struct Process {
    plan: Plan,
    http: reqwest::Client,
    running: Mutex<Option<(Child, Watchdog)>>,
}

impl Process {
    pub(super) fn new(plan: Plan, http: reqwest::Client) -> Self {
        Self {
            plan,
            http,
            running: Mutex::new(None),
        }
    }

    /// Its name on the platform.
    pub fn name(&self) -> &str {
        &self.plan.name
    }

    /// Where it is reached.
    pub fn url(&self) -> String {
        self.plan.ready.replace("/readyz", "")
    }

    /// Its process id.
    ///
    /// # Panics
    /// When it was never started, or was stopped.
    pub fn pid(&self) -> u32 {
        let running = self.running();
        let (child, _) = running.as_ref().expect("the process was started");
        child.id()
    }

    /// Starts it, without waiting for anything.
    ///
    /// # Panics
    /// When it runs already, or cannot be started.
    pub fn start(&self) {
        let mut running = self.running();
        assert!(running.is_none(), "{} runs already", self.plan.name);
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.plan.log)
            .expect("a log file can be opened");
        let mut command = Command::new(&self.plan.program);
        // What the machine's own installation is told must not reach a test.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("ORDERS_") || text.starts_with("SANDBOX_") || text == "CONF_PATH" {
                command.env_remove(&name);
            }
        }
        let child = command
            .args(&self.plan.arguments)
            .envs(&self.plan.environment)
            .current_dir(&self.plan.directory)
            // Of its own, as a terminal starts it: what a whole group is told does not reach us.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log file can be shared"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.plan.program.display()));
        let watchdog = Watchdog::over(child.id()).expect("/bin/sh can be started");
        *running = Some((child, watchdog));
    }

    /// Waits until it says that it is ready.
    ///
    /// # Panics
    /// When it ends instead, or takes too long.
    pub async fn ready(&self) {
        let what = format!("{} is ready", self.plan.name);
        eventually(&what, async || {
            if let Some(status) = self.ended() {
                panic!("{} ended ({status}) instead of being ready", self.plan.name);
            }
            let asked = self
                .http
                .get(&self.plan.ready)
                .timeout(Duration::from_secs(3));
            let answer = asked.send().await.map_err(|error| error.to_string())?;
            match answer.status().is_success() {
                true => Ok(()),
                false => Err(answer.text().await.unwrap_or_default()),
            }
        })
        .await;
    }

    /// Whether it says that it is ready, and what it says of it.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn readiness(&self) -> Result<(bool, String), String> {
        let asked = self.http.get(&self.plan.ready);
        let answer = asked.send().await.map_err(|error| error.to_string())?;
        let is_ready = answer.status().is_success();
        let said = answer.text().await.map_err(|error| error.to_string())?;
        Ok((is_ready, said))
    }

    /// Kills it as a crash does, and waits for its end.
    ///
    /// # Panics
    /// When it had ended by itself: a process of the platform does not.
    pub async fn kill(&self) {
        assert_eq!(self.ended(), None, "{} ended by itself", self.plan.name);
        self.signal(Signal::SIGKILL);
        self.wait().await;
    }

    /// Tells it to stop in good order, and waits for that.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn stop(&self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        self.wait().await
    }

    /// Tells its whole group to stop, as Ctrl-C in a terminal does, and waits for its own end.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn interrupt(&self) -> ExitStatus {
        let pid = i32::try_from(self.pid()).expect("process ids are small");
        killpg(Pid::from_raw(pid), Signal::SIGINT).expect("it leads a group of its own");
        self.wait().await
    }

    /// Pauses it, as a machine that is too busy does.
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// How it ended, if it has.
    pub fn ended(&self) -> Option<ExitStatus> {
        let mut running = self.running();
        let (child, _) = running.as_mut()?;
        child.try_wait().expect("a child can be looked at")
    }

    /// Waits for its end; it can be started again then.
    ///
    /// # Panics
    /// When it takes too long.
    pub async fn wait(&self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.ended() {
                self.running().take();
                return status;
            }
            assert!(Instant::now() < deadline, "{} does not end", self.plan.name);
            sleep(LOOK).await;
        }
    }

    /// Its memory in RAM, in bytes.
    ///
    /// # Panics
    /// When it does not run, or this is not Linux.
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()))
            .expect("a running process has a status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
        let kilobytes = kilobytes.and_then(|number| number.trim().parse::<u64>().ok());
        kilobytes.expect("the kernel says how much memory a process has") * 1_024
    }

    /// All that it has written.
    pub fn log(&self) -> String {
        let written = fs::read(&self.plan.log).unwrap_or_default();
        String::from_utf8_lossy(&written).into_owned()
    }

    /// The end of its log, for whoever looks into a failure.
    pub(super) fn log_tail(&self) -> String {
        tail(&self.plan.log)
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).expect("process ids are small");
        // It is not reaped before its end was seen, so this id is nobody else's.
        kill(Pid::from_raw(pid), signal)
            .unwrap_or_else(|error| panic!("{} to {}: {error}", signal, self.plan.name));
    }

    fn running(&self) -> MutexGuard<'_, Option<(Child, Watchdog)>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some((mut child, _watchdog)) = self.running().take() {
            // It may have ended meanwhile.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The end of a log.
pub(super) fn tail(log: &Path) -> String {
    let written = fs::read(log).unwrap_or_default();
    let start = written.len().saturating_sub(LOG_TAIL);
    String::from_utf8_lossy(&written[start..]).into_owned()
}
