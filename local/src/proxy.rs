//! A network that breaks where a test wants it to.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::SeqCst},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::JoinHandle,
};

/// Where the next thing sent to the server gets lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Cut {
    /// Nowhere.
    Never,
    /// It does not reach the server.
    Request,
    /// The server acts on it, and its answer is lost.
    Answer,
}

/// What is between a client on this machine and a server.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    faults: Arc<Faults>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// One that leads to `server`, a host and port.
    pub async fn start(server: &str) -> io::Result<Self> {
        let server = server.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let faults = Arc::new(Faults::default());
        let accepting = tokio::spawn({
            let faults = faults.clone();
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let Ok(server) = TcpStream::connect(&server).await else {
                        continue;
                    };
                    let nr = faults.connections.fetch_add(1, SeqCst) + 1;
                    tokio::spawn(carry(client, server, nr, faults.clone()));
                }
            }
        });
        Ok(Self {
            port,
            faults,
            accepting,
        })
    }

    /// The port that leads through it.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The URL that leads through it to a database at `server`.
    pub fn url(&self, database: &str, server: &str) -> String {
        database.replace(
            &format!("@{server}/"),
            &format!("@127.0.0.1:{}/", self.port),
        )
    }

    /// Breaks the connection that is used next, once.
    pub fn cut_next(&self, cut: Cut) {
        self.faults.cut.store(cut as u8, SeqCst);
    }

    /// Swallows all that comes over the connections that there are, and says nothing: as when a
    /// machine between the two forgets them. New connections are good.
    pub fn forget_connections(&self) {
        let there = self.faults.connections.load(SeqCst);
        self.faults.forgotten.store(there, SeqCst);
    }

    /// Swallows all answers, or no longer: the server acts on what it is sent.
    pub fn swallow_answers(&self, swallow: bool) {
        self.faults.no_answers.store(swallow, SeqCst);
    }

    /// How often it has swallowed an answer: somebody waits for each.
    pub fn swallowed(&self) -> u64 {
        self.faults.swallowed.load(SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

#[derive(Debug, Default)]
struct Faults {
    cut: AtomicU8,
    /// How many connections there have been.
    connections: AtomicU64,
    /// Up to this one they are forgotten.
    forgotten: AtomicU64,
    no_answers: AtomicBool,
    swallowed: AtomicU64,
}

impl Faults {
    fn has_forgotten(&self, connection: u64) -> bool {
        connection <= self.forgotten.load(SeqCst)
    }
}

async fn carry(client: TcpStream, server: TcpStream, nr: u64, faults: Arc<Faults>) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let lose_answer = AtomicBool::new(false);
    // Whichever ends first ends both.
    tokio::select! {
        () = requests(from_client, to_server, nr, &faults, &lose_answer) => {}
        () = answers(from_server, to_client, nr, &faults, &lose_answer) => {}
    }
}

async fn requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    nr: u64,
    faults: &Faults,
    lose_answer: &AtomicBool,
) {
    let mut buffer = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if faults.has_forgotten(nr) {
            continue;
        }
        let cut = faults.cut.swap(Cut::Never as u8, SeqCst);
        if cut == Cut::Request as u8 {
            return;
        }
        if cut == Cut::Answer as u8 {
            lose_answer.store(true, SeqCst);
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    nr: u64,
    faults: &Faults,
    lose_answer: &AtomicBool,
) {
    let mut buffer = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if faults.has_forgotten(nr) || faults.no_answers.load(SeqCst) {
            faults.swallowed.fetch_add(1, SeqCst);
            continue;
        }
        // The server answers when it has committed, so whatever comes now is too late.
        if lose_answer.load(SeqCst) || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
