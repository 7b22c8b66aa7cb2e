//! The operator's command line, as a person uses it in a directory.

use super::{PATIENCE, Platform, eventually, program};
use serde_json::Value;
use std::{collections::BTreeMap, path::PathBuf};
use tokio::{process::Command, time::timeout};

/// A terminal in a directory, with an environment.
#[derive(Debug)]
pub struct CommandLine {
    directory: PathBuf,
    environment: BTreeMap<String, String>,
}

/// What a command came to.
#[derive(Debug)]
pub struct Ran {
    /// What was asked for.
    pub command: String,
    /// Its exit code.
    pub code: i32,
    /// What it printed.
    pub out: String,
    /// What it said beside that.
    pub err: String,
}

impl CommandLine {
    /// One in this directory, with these variables and none else of the platform's.
    pub fn new(directory: PathBuf, environment: BTreeMap<String, String>) -> Self {
        Self {
            directory,
            environment,
        }
    }

    /// One that is told where a platform is.
    pub fn of(platform: &Platform) -> Self {
        let urls = [
            ("ORDERS_URL", platform.api.commands()),
            ("ORDERS_QUERY_URL", platform.api.queries()),
        ];
        let urls = urls.map(|(name, url)| (name.to_owned(), url.to_owned()));
        Self::new(platform.directory().to_owned(), urls.into())
    }

    /// One of whoever runs the services: told what they are told.
    pub fn of_operator(platform: &Platform) -> Self {
        let environment = platform.environment().clone();
        Self::new(platform.directory().to_owned(), environment)
    }

    /// Runs `orders` with these arguments.
    ///
    /// # Panics
    /// When it does not end, or ends by a signal.
    pub async fn orders(&self, arguments: &[&str]) -> Ran {
        self.run("orders", arguments).await
    }

    /// Runs `orders` with these arguments until it says all of these: what is read may not be told
    /// yet of what was written.
    ///
    /// # Panics
    /// When it does not come to that, or does not end well.
    pub async fn orders_until(&self, arguments: &[&str], words: &[&str]) -> Ran {
        let what = format!("`orders {}` says {words:?}", arguments.join(" "));
        eventually(&what, async || {
            let ran = self.orders(arguments).await.well();
            match ran.lacks(words) {
                None => Ok(ran),
                Some(word) => Err(format!("not a word of {word:?}: {ran}")),
            }
        })
        .await
    }

    /// Runs `projector` with these arguments.
    ///
    /// # Panics
    /// When it does not end, or ends by a signal.
    pub async fn projector(&self, arguments: &[&str]) -> Ran {
        self.run("projector", arguments).await
    }

    /// Runs one of the platform's programs with these arguments.
    ///
    /// # Panics
    /// When it does not end, or ends by a signal.
    pub async fn run(&self, name: &str, arguments: &[&str]) -> Ran {
        let command = format!("{name} {}", arguments.join(" "));
        let ended = timeout(PATIENCE, self.command(name, arguments).output()).await;
        let output = ended.unwrap_or_else(|_| panic!("`{command}` does not end"));
        let output = output.expect("the command line can be started");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran {
            code: output
                .status
                .code()
                .unwrap_or_else(|| panic!("`{command}` ended with {}", output.status)),
            out: text(&output.stdout),
            err: text(&output.stderr),
            command,
        }
    }

    /// What runs a program with these arguments; dropped, it is killed.
    pub fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program(name));
        command
            .args(arguments)
            .current_dir(&self.directory)
            .kill_on_drop(true);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("ORDERS_") || text == "CONF_PATH" {
                command.env_remove(&name);
            }
        }
        command.envs(&self.environment);
        command
    }
}

impl Ran {
    /// The same, which must have gone well.
    ///
    /// # Panics
    /// When it has not.
    #[track_caller]
    pub fn well(self) -> Self {
        self.ended(0)
    }

    /// The same, which must have ended with this code.
    ///
    /// # Panics
    /// When it has not.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// The same, which must have said all of these to whoever sits before it.
    ///
    /// # Panics
    /// When it has not.
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        if let Some(word) = self.lacks(words) {
            panic!("not a word of {word:?}: {self}");
        }
        self
    }

    /// The first of these that it has not said.
    fn lacks<'w>(&self, words: &[&'w str]) -> Option<&'w str> {
        let said = |word: &str| self.out.contains(word) || self.err.contains(word);
        words.iter().copied().find(|word| !said(word))
    }

    /// What it printed, as a program reads it.
    ///
    /// # Panics
    /// When that is not JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            command,
            code,
            out,
            err,
        } = self;
        write!(f, "`{command}` ended with {code}\n{out}\n{err}")
    }
}
