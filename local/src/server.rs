//! What PostgreSQL and nats-server have in common: start until ready, kill, stop, never outlive.

use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tokio::time::sleep;

use crate::log::Log;
use crate::process::{self, POLL, Process};
use crate::watchdog::Watchdog;
use crate::{Error, Result};

/// How often whoever watches over a server looks whether it still runs.
pub(crate) const LOOK: Duration = Duration::from_millis(100);

/// How long a start may take: a database recovers its log first.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// How long one attempt to connect may take: the server may be stopped or swapped out.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// How long an orderly stop may take before it is made to end.
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// The same in a destructor, which blocks its thread.
const DROP_WITHIN: Duration = Duration::from_secs(10);

/// SIGKILL cannot be refused; longer than this means that the kernel is stuck.
const KILL_WITHIN: Duration = Duration::from_secs(10);

/// How a program is told to end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manners {
    pub(crate) name: &'static str,
    /// In good order.
    pub(crate) stop: Signal,
    /// At once; what it had in memory may go.
    pub(crate) abort: Signal,
}

/// A server process, its log and its watchdog.
#[derive(Debug)]
pub(crate) struct Server {
    manners: Manners,
    /// Nobody needs the data after the end, so ending needs no order.
    disposable: bool,
    /// How long an orderly stop may take before it is made to end.
    stop_within: Duration,
    log: Log,
    process: Option<Process>,
    watchdog: Option<Watchdog>,
}

/// An attempt to start that went wrong, when another may go right.
pub(crate) struct Stumble {
    pub(crate) kind: Kind,
    /// What to say when no other attempt is made.
    pub(crate) error: Error,
}

/// What an attempt to start stumbled over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Somebody else has this port.
    PortTaken(u16),
    /// Something of the run before is still there.
    NotYet,
}

impl Server {
    pub(crate) fn new(manners: Manners, log: PathBuf, disposable: bool) -> Self {
        Self {
            manners,
            disposable,
            stop_within: STOP_WITHIN,
            log: Log::new(log),
            process: None,
            watchdog: None,
        }
    }

    /// Gives an orderly stop another time than the usual.
    pub(crate) fn stop_within(mut self, limit: Duration) -> Self {
        self.stop_within = limit;
        self
    }

    pub(crate) fn log(&self) -> &std::path::Path {
        self.log.path()
    }

    /// From now on the server ends when this process does, and `remove` is removed with it.
    pub(crate) fn die_with_parent(&mut self, remove: Option<&std::path::Path>) -> Result<()> {
        let (signal, limit) = if self.disposable {
            (self.manners.abort, Duration::from_secs(5))
        } else {
            (self.manners.stop, self.stop_within)
        };
        let name = signal.as_str().trim_start_matches("SIG");
        let tenths = u32::try_from(limit.as_millis() / 100).unwrap_or(u32::MAX);
        let watchdog = Watchdog::start(name, tenths, remove).map_err(|source| Error::Io {
            action: "start a watchdog".into(),
            source,
        })?;
        self.watchdog = Some(watchdog);
        Ok(())
    }

    /// Starts the process.
    pub(crate) fn spawn(&mut self, command: Command) -> Result<()> {
        let program = PathBuf::from(command.get_program());
        let process =
            Process::spawn(command, &mut self.log).map_err(Error::io("start", &program))?;
        let guarded = self
            .watchdog
            .as_mut()
            .map_or(Ok(()), |it| it.guard(process.id()));
        self.process = Some(process);
        guarded.map_err(|source| Error::Io {
            action: "tell the watchdog".into(),
            source,
        })
    }

    /// Waits until `probe` succeeds. A start that stumbled over something that may pass is told
    /// apart by `judge`, from what the server wrote to its log before it ended.
    pub(crate) async fn ready<F>(
        &mut self,
        probe: impl Fn() -> F,
        judge: impl Fn(&str) -> Option<Kind>,
    ) -> Result<Option<Stumble>>
    where
        F: Future<Output = Result<(), String>>,
    {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            if let Some(status) = self.ended()? {
                let tail = self.log.tail();
                let server = self.manners.name;
                let kind = judge(&tail);
                if let Some(Kind::PortTaken(port)) = kind {
                    let error = Error::PortTaken { server, port };
                    return Ok(Some(Stumble {
                        kind: Kind::PortTaken(port),
                        error,
                    }));
                }
                let log = self.log.path().to_owned();
                let error = Error::Ended {
                    server,
                    status,
                    log,
                    tail,
                };
                return match kind {
                    Some(kind) => Ok(Some(Stumble { kind, error })),
                    None => Err(error),
                };
            }
            let reason = match tokio::time::timeout(CONNECT_WITHIN, probe()).await {
                Ok(Ok(())) => return Ok(None),
                Ok(Err(reason)) => reason,
                Err(_) => "no answer".into(),
            };
            if Instant::now() >= deadline {
                return Err(Error::NotReady {
                    server: self.manners.name,
                    seconds: READY_WITHIN.as_secs(),
                    reason,
                    log: self.log.path().to_owned(),
                    tail: self.log.tail(),
                });
            }
            sleep(POLL).await;
        }
    }

    /// Process id of the last start, running or not.
    pub(crate) fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// SIGKILL, and its end awaited.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        let name = self.manners.name;
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        process.signal(Signal::SIGKILL).map_err(trouble(name))?;
        let ended = process.wait(KILL_WITHIN).await.map_err(trouble(name))?;
        self.gone(ended)
    }

    /// Ends the process in good order, or by force after a bounded wait.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        let name = self.manners.name;
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        let steps = [
            (self.manners.stop, self.stop_within),
            (self.manners.abort, KILL_WITHIN),
            (Signal::SIGKILL, KILL_WITHIN),
        ];
        let mut ended = false;
        for (signal, limit) in steps {
            process.signal(signal).map_err(trouble(name))?;
            ended = process.wait(limit).await.map_err(trouble(name))?;
            if ended {
                break;
            }
            tracing::warn!(
                server = name,
                signal = signal.as_str(),
                "does not end; insisting"
            );
        }
        self.gone(ended)
    }

    /// How it ended, if it does not run.
    pub(crate) fn ended(&mut self) -> Result<Option<String>> {
        let name = self.manners.name;
        let Some(process) = &mut self.process else {
            return Ok(Some("not started".into()));
        };
        let Some(status) = process.ended().map_err(trouble(name))? else {
            return Ok(None);
        };
        // From now on its id may be anybody's.
        if let Some(watchdog) = &mut self.watchdog {
            watchdog.guard(0).map_err(trouble(name))?;
        }
        Ok(Some(status.to_string()))
    }

    fn gone(&mut self, ended: bool) -> Result<()> {
        if !ended {
            let pid = self.id().unwrap_or_default();
            return Err(Error::Leftover {
                server: self.manners.name,
                pid,
            });
        }
        match &mut self.watchdog {
            Some(watchdog) => watchdog.guard(0).map_err(trouble(self.manners.name)),
            None => Ok(()),
        }
    }

    fn end_blocking(&mut self) -> io::Result<()> {
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        let first = if self.disposable {
            self.manners.abort
        } else {
            self.manners.stop
        };
        let steps = [
            (first, DROP_WITHIN),
            (self.manners.abort, Duration::from_secs(2)),
            (Signal::SIGKILL, KILL_WITHIN),
        ];
        for (signal, limit) in steps {
            process.signal(signal)?;
            if process.wait_blocking(limit)? {
                return Ok(());
            }
        }
        Err(io::Error::other("it does not end"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.end_blocking() {
            tracing::error!(server = self.manners.name, %error, "cannot stop the server");
        }
    }
}

/// Ends a server that an earlier start left behind on a home that we hold the lock of: whoever
/// started it is dead. `belongs` tells by its command line that the process is that server, and not
/// somebody who got the same id since.
pub(crate) async fn end_leftover(
    manners: Manners,
    pid: u32,
    belongs: impl Fn(&str) -> bool,
) -> Result<bool> {
    let runs = || process::command_line(pid).is_some_and(|line| belongs(&line));
    if !runs() {
        return Ok(false);
    }
    tracing::info!(
        server = manners.name,
        pid,
        "stopping what an earlier start left running"
    );
    let steps = [
        (manners.stop, STOP_WITHIN),
        (manners.abort, KILL_WITHIN),
        (Signal::SIGKILL, KILL_WITHIN),
    ];
    for (signal, limit) in steps {
        process::signal_to(pid, signal).map_err(trouble(manners.name))?;
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            if !runs() {
                return Ok(true);
            }
            sleep(POLL).await;
        }
    }
    Err(Error::Leftover {
        server: manners.name,
        pid,
    })
}

fn trouble(name: &'static str) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Io {
        action: format!("control {name}"),
        source,
    }
}
