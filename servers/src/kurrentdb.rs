//! A KurrentDB server in a container, for the contract suite.

use crate::{Error, Result, container::Container, ready::ready, request::Request};
use std::collections::BTreeMap;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const NAME: &str = "KurrentDB";

const PORT: u16 = 2113;

/// A single node, without TLS and passwords. Some cases append much at once.
const ENVIRONMENT: [(&str, &str); 5] = [
    ("KURRENTDB_CLUSTER_SIZE", "1"),
    ("KURRENTDB_INSECURE", "true"),
    ("KURRENTDB_MAX_APPEND_SIZE", "16777216"),
    ("KURRENTDB_RUN_PROJECTIONS", "None"),
    ("KURRENTDB_TELEMETRY_OPTOUT", "true"),
];

/// A KurrentDB server; it goes with this.
#[derive(Debug)]
pub struct KurrentDb(Container);

impl KurrentDb {
    /// One of this image, once it answers.
    ///
    /// # Errors
    /// When it does not come to that.
    pub async fn contained(image: &str) -> Result<Self> {
        let environment = ENVIRONMENT.map(|(name, value)| (name.into(), value.into()));
        let request = Request {
            image: image.into(),
            port: PORT,
            environment: BTreeMap::from(environment),
            ..Request::default()
        };
        let container = Container::start(request).await?;
        let port = container.host_port();
        ready(NAME, &container, || is_alive(port)).await?;
        Ok(Self(container))
    }

    /// The same; where nobody has asked for this image by its name, the reason why there is none, for
    /// what is then skipped.
    ///
    /// # Errors
    /// When one that was asked for does not come up, or there is nothing to hold containers.
    pub async fn contained_or_why(image: &str, is_named: bool) -> Result<Result<Self, String>> {
        optional(Self::contained(image).await, image, is_named)
    }

    /// Connection string.
    pub fn url(&self) -> String {
        format!("kurrentdb://127.0.0.1:{}?tls=false", self.0.host_port())
    }
}

/// What is started of an image that need not come up, unless it `is_named`; or why it did not.
fn optional<T>(started: Result<T>, image: &str, is_named: bool) -> Result<Result<T, String>> {
    match started {
        Ok(server) => Ok(Ok(server)),
        Err(error @ (Error::Docker { .. } | Error::NotReady { .. })) if !is_named => {
            let said = error.to_string();
            let why = said.lines().next().unwrap_or_default();
            Ok(Err(format!("the image {image} does not come up: {why}")))
        }
        Err(error) => Err(error),
    }
}

async fn is_alive(port: u16) -> Result<(), String> {
    let failed = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", port))
        .await
        .map_err(failed)?;
    let request = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.map_err(failed)?;
    let mut beginning = [0; 12];
    stream.read_exact(&mut beginning).await.map_err(failed)?;
    match beginning.starts_with(b"HTTP/1.1 2") {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&beginning).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn not_ready() -> Error {
        Error::NotReady {
            server: NAME,
            seconds: 90,
            reason: "no answer".into(),
            log: "Illegal instruction".into(),
        }
    }

    #[test]
    fn an_image_that_nobody_has_named_may_not_come_up() {
        assert_eq!(optional(Ok(7), "kurrentdb:26", false).unwrap(), Ok(7));
        let why = optional::<()>(Err(not_ready()), "kurrentdb:26", false).unwrap();
        let why = why.unwrap_err();
        assert!(why.starts_with("the image kurrentdb:26 does not come up: KurrentDB"));
        assert_eq!(why.lines().count(), 1, "one line: {why}");
        optional::<()>(Err(not_ready()), "kurrentdb:26", true).unwrap_err();
        // It is not the image that is to blame.
        optional::<()>(Err(Error::NoHolder), "kurrentdb:26", false).unwrap_err();
    }
}
