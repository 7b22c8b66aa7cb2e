//! One keep-alive connection.

use super::answer::{Answer, Layout};
use std::{io, iter, net::SocketAddr};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The most bytes of one answer.
const MAX_ANSWER: usize = 16 << 20;

/// The most bytes of an answer's head.
const MAX_HEAD: usize = 64 << 10;

/// Room for an answer of the usual size, so that it is read with one call.
const ROOM: usize = 8 << 10;

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The connection could not be made, or broke.
    #[error("the connection to {address} failed: {source}")]
    Io {
        /// The server.
        address: SocketAddr,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// The server closed the connection before or within its answer.
    #[error("{0} closed the connection without an answer")]
    Closed(SocketAddr),
    /// What came is not HTTP/1.1.
    #[error("the answer is not HTTP/1.1: {0}")]
    Malformed(String),
    /// The answer does not say how long it is.
    #[error("the answer has no content-length: {0}")]
    NoLength(String),
    /// The answer, or its head, is larger than this client holds.
    #[error("the answer exceeds {MAX_ANSWER} bytes, or its head {MAX_HEAD}")]
    TooLarge,
}

/// A keep-alive connection; made again after the server closed it in good order.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    received: Vec<u8>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn open(address: SocketAddr) -> Result<Self, HttpError> {
        let mut connection = Self {
            address,
            stream: None,
            received: Vec::with_capacity(ROOM),
        };
        connection.stream = Some(connection.connect().await?);
        Ok(connection)
    }

    /// Sends a rendered request and waits for its answer. After an error the next exchange begins
    /// with a new connection.
    ///
    /// # Errors
    /// When there was no answer, or one that this client does not understand.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>, HttpError> {
        self.exchange_made(iter::once(request)).await
    }

    /// The same of a request that is sent in parts, while the next is made.
    ///
    /// # Errors
    /// When there was no answer, or one that this client does not understand.
    pub async fn exchange_made(
        &mut self,
        request: impl Iterator<Item: AsRef<[u8]>>,
    ) -> Result<Answer<'_>, HttpError> {
        // Taken out, so that a failed or abandoned exchange leaves no half-read connection behind.
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.connect().await?,
        };
        let address = self.address;
        let failed = |source| HttpError::Io { address, source };
        self.received.clear();
        for part in request {
            stream.write_all(part.as_ref()).await.map_err(failed)?;
        }
        let mut found = None;
        let layout = loop {
            if found.is_none() {
                found = Layout::find(&self.received)?;
            }
            match found {
                Some(layout) if layout.end > MAX_ANSWER => return Err(HttpError::TooLarge),
                Some(layout) if layout.end <= self.received.len() => break layout,
                Some(layout) => self.received.reserve(layout.end - self.received.len()),
                None if self.received.len() >= MAX_HEAD => return Err(HttpError::TooLarge),
                None => self.received.reserve(ROOM),
            }
            let read = stream.read_buf(&mut self.received).await;
            if read.map_err(failed)? == 0 {
                return Err(HttpError::Closed(address));
            }
        };
        if layout.keep_alive {
            self.stream = Some(stream);
        }
        Ok(layout.answer(&self.received))
    }

    async fn connect(&self) -> Result<TcpStream, HttpError> {
        let failed = |source| HttpError::Io {
            address: self.address,
            source,
        };
        let stream = TcpStream::connect(self.address).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        Ok(stream)
    }
}
