//! A server, wherever it comes from, and what tests do to it.

use crate::{Error, Result, container::Container, ready::ready};
use std::{fs, path::PathBuf};

/// How much of a log is shown.
const LOG_TAIL: usize = 6_000;

/// A server that `local` has started.
pub(crate) trait Process {
    /// What it is called.
    const NAME: &'static str;

    async fn kill9(&self) -> local::Result<()>;
    async fn restart(&self) -> local::Result<()>;
    fn log(&self) -> PathBuf;
}

macro_rules! processes {
    ($($server:ty: $name:literal;)*) => {
        $(impl Process for $server {
            const NAME: &'static str = $name;

            async fn kill9(&self) -> local::Result<()> {
                self.kill9().await
            }

            async fn restart(&self) -> local::Result<()> {
                self.restart().await
            }

            fn log(&self) -> PathBuf {
                self.log()
            }
        })*
    };
}

processes! {
    local::Postgres: "PostgreSQL";
    local::Nats: "nats-server";
}

/// A server, and where it comes from.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a test has a few of them, and they are not moved"
)]
pub(crate) enum Server<L> {
    Given,
    Local(L),
    Container(Container),
}

impl<L: Process> Server<L> {
    /// Whether it was there before, and stays.
    pub(crate) const fn is_given(&self) -> bool {
        matches!(self, Self::Given)
    }

    /// Waits until one in a container answers `probe`.
    pub(crate) async fn ready<F>(&self, probe: impl Fn() -> F) -> Result<()>
    where
        F: Future<Output = Result<(), String>>,
    {
        ready(L::NAME, self.container()?, probe).await
    }

    /// Kills it as a crash does (SIGKILL), and waits for its end.
    pub(crate) async fn kill9(&self) -> Result<()> {
        match self {
            Self::Given => Err(Error::Given(L::NAME)),
            Self::Local(server) => Ok(server.kill9().await?),
            Self::Container(container) => container.kill().await,
        }
    }

    /// Stops it if it runs, and starts it again at the same address with the same data, until it
    /// answers `probe`.
    pub(crate) async fn restart<F>(&self, probe: impl Fn() -> F) -> Result<()>
    where
        F: Future<Output = Result<(), String>>,
    {
        match self {
            Self::Given => Err(Error::Given(L::NAME)),
            Self::Local(server) => Ok(server.restart().await?),
            Self::Container(container) => {
                container.stop().await?;
                container.start_again().await?;
                self.ready(probe).await
            }
        }
    }

    /// Cuts it off its network.
    pub(crate) async fn disconnect(&self) -> Result<()> {
        self.container()?.disconnect().await
    }

    /// Puts it on its network again, and waits until it answers `probe`.
    pub(crate) async fn connect<F>(&self, probe: impl Fn() -> F) -> Result<()>
    where
        F: Future<Output = Result<(), String>>,
    {
        self.container()?.connect().await?;
        self.ready(probe).await
    }

    /// The end of its log, for whoever looks into a failure; blocks.
    pub(crate) fn log_tail(&self) -> String {
        match self {
            Self::Given => "its log is where it was started".into(),
            Self::Local(server) => {
                let written = fs::read(server.log()).unwrap_or_default();
                let from = written.len().saturating_sub(LOG_TAIL);
                String::from_utf8_lossy(&written[from..]).into_owned()
            }
            Self::Container(container) => container.log_tail(),
        }
    }

    fn container(&self) -> Result<&Container> {
        match self {
            Self::Container(container) => Ok(container),
            Self::Given | Self::Local(_) => Err(Error::NoContainer),
        }
    }
}
