//! A container that is held for us.
//!
//! A process that is killed with SIGKILL runs no destructor. So it is the program `containers` that
//! starts a container, by testcontainers, and removes it when its input ends: which the kernel sees
//! to, however we come to our end.

use crate::{Error, Request, Result, random_name, variable};
use local::free_port;
use std::{
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

/// Names the program that holds containers.
pub(crate) const HOLDER: &str = "ORDERS_TEST_CONTAINERS";

/// Names the process that leads the run which containers belong to; this one, unless it is said.
const RUN: &str = "ORDERS_TEST_RUN";

/// The network that containers are on.
const NETWORK: &str = "bridge";

/// How often another port is tried when somebody was faster.
const PORT_TRIES: u32 = 5;

/// How much of a log is shown, in lines.
const LOG_LINES: &str = "60";

/// A container; it goes with this.
#[derive(Debug)]
pub(crate) struct Container {
    request: Request,
    holder: Child,
}

impl Container {
    /// Starts what is asked for, under a name and on a port of its own.
    pub(crate) async fn start(mut request: Request) -> Result<Self> {
        request.run = variable(RUN).unwrap_or_else(|| std::process::id().to_string());
        let mut tries = 0;
        loop {
            tries += 1;
            request.name = random_name("orders-test-");
            request.host_port = free_port()?;
            match hold(request.clone()).await {
                Err(Error::Docker { said, .. }) if port_was_taken(&said) && tries < PORT_TRIES => {}
                held => return held,
            }
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.request.name
    }

    pub(crate) fn image(&self) -> &str {
        &self.request.image
    }

    /// The port on 127.0.0.1 that leads to it.
    pub(crate) fn host_port(&self) -> u16 {
        self.request.host_port
    }

    pub(crate) async fn runs(&self) -> Result<bool> {
        let format = "--format={{.State.Running}}";
        Ok(docker(&["inspect", format, self.name()]).await? == "true")
    }

    /// SIGKILL, and its end awaited.
    pub(crate) async fn kill(&self) -> Result<()> {
        docker(&["kill", self.name()]).await?;
        docker(&["wait", self.name()]).await.map(drop)
    }

    /// Stops it in good order; it may be stopped already.
    pub(crate) async fn stop(&self) -> Result<()> {
        docker(&["stop", "-t", "30", self.name()]).await.map(drop)
    }

    pub(crate) async fn start_again(&self) -> Result<()> {
        docker(&["start", self.name()]).await.map(drop)
    }

    /// Takes it off its network: connections break, and new ones are refused.
    pub(crate) async fn disconnect(&self) -> Result<()> {
        docker(&["network", "disconnect", NETWORK, self.name()])
            .await
            .map(drop)
    }

    pub(crate) async fn connect(&self) -> Result<()> {
        docker(&["network", "connect", NETWORK, self.name()])
            .await
            .map(drop)
    }

    /// Removes a directory of its volume, while it does not run.
    pub(crate) async fn wipe(&self, directory: &str) -> Result<()> {
        let label = format!("orders-test.run={}", self.request.run);
        let from = format!("--volumes-from={}", self.name());
        let run = [
            "run",
            "--rm",
            "--label",
            &label,
            &from,
            "--entrypoint",
            "rm",
        ];
        docker(&[&run[..], &[self.image(), "-r", directory]].concat())
            .await
            .map(drop)
    }

    /// The end of its log; blocks.
    pub(crate) fn log_tail(&self) -> String {
        let logs = Command::new("docker")
            .args(["logs", "--tail", LOG_LINES, self.name()])
            .output();
        match logs {
            Ok(logs) => [logs.stdout, logs.stderr]
                .map(|text| String::from_utf8_lossy(&text).into_owned())
                .concat(),
            Err(error) => format!("docker logs: {error}"),
        }
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // The end of its input tells it. Who starts another may want the room, so it is waited for.
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

/// Has the program start it.
async fn hold(request: Request) -> Result<Container> {
    let program = variable(HOLDER).ok_or(Error::NoHolder)?;
    let holding = tokio::task::spawn_blocking(move || {
        let failed = |error: std::io::Error| Error::Docker {
            asked: program.clone(),
            said: error.to_string(),
        };
        let holder = Command::new(&program)
            .arg("hold")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Ctrl-C in a terminal is for us.
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let mut container = Container { request, holder };
        let answer = ask(&mut container).map_err(failed)?;
        match serde_json::from_str(&answer) {
            Ok(Ok(())) => Ok(container),
            Ok(Err::<(), String>(said)) => Err(refused(&container, said)),
            Err(_) => Err(refused(&container, "the program has ended".into())),
        }
    });
    holding.await.unwrap_or_else(|panic| {
        Err(Error::Docker {
            asked: "a container".into(),
            said: panic.to_string(),
        })
    })
}

/// Puts the request, and waits for the answer.
fn ask(container: &mut Container) -> std::io::Result<String> {
    let mut line = serde_json::to_string(&container.request)?;
    line.push('\n');
    let (stdin, stdout) = (&mut container.holder.stdin, &mut container.holder.stdout);
    if let Some(stdin) = stdin {
        stdin.write_all(line.as_bytes())?;
    }
    let mut answer = String::new();
    if let Some(stdout) = stdout {
        BufReader::new(stdout).read_line(&mut answer)?;
    }
    Ok(answer)
}

fn refused(container: &Container, said: String) -> Error {
    Error::Docker {
        asked: format!("a container of {}", container.image()),
        said,
    }
}

fn port_was_taken(said: &str) -> bool {
    said.contains("port is already allocated") || said.contains("address already in use")
}

/// Runs `docker`, and answers what it says.
async fn docker(arguments: &[&str]) -> Result<String> {
    let failed = |said: String| Error::Docker {
        asked: format!("docker {}", arguments.join(" ")),
        said,
    };
    let output = tokio::process::Command::new("docker")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|error| failed(error.to_string()))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        false => Err(failed(
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        )),
    }
}
