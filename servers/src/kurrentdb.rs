//! A KurrentDB server in a container, for the contract suite.

use crate::{Result, container::Container, ready::ready, request::Request};
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

    /// Connection string.
    pub fn url(&self) -> String {
        format!("kurrentdb://127.0.0.1:{}?tls=false", self.0.host_port())
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
