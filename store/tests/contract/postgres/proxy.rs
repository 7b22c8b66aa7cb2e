//! A network that breaks where one wants it to.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering::SeqCst},
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
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Cut {
    Never,
    /// It does not reach the server.
    Request,
    /// The server acts on it, and its answer is lost.
    Answer,
}

pub struct Proxy {
    pub port: u16,
    cut: Arc<AtomicU8>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    pub async fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cut = Arc::new(AtomicU8::new(Cut::Never as u8));
        let accepting = tokio::spawn({
            let cut = cut.clone();
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                    tokio::spawn(carry(client, server, cut.clone()));
                }
            }
        });
        Self {
            port,
            cut,
            accepting,
        }
    }

    /// Breaks the connection that is used next, once.
    pub fn cut_next(&self, cut: Cut) {
        self.cut.store(cut as u8, SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(client: TcpStream, server: TcpStream, cut: Arc<AtomicU8>) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let lose_answer = Arc::new(AtomicU8::new(0));
    // Whichever ends first ends both.
    tokio::select! {
        () = requests(from_client, to_server, cut, lose_answer.clone()) => {}
        () = answers(from_server, to_client, lose_answer) => {}
    }
}

async fn requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    cut: Arc<AtomicU8>,
    lose_answer: Arc<AtomicU8>,
) {
    let mut buffer = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let cut = cut.swap(Cut::Never as u8, SeqCst);
        if cut == Cut::Request as u8 {
            return;
        }
        if cut == Cut::Answer as u8 {
            lose_answer.store(1, SeqCst);
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, lose_answer: Arc<AtomicU8>) {
    let mut buffer = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        // The server answers when it has committed, so whatever comes now is too late.
        if lose_answer.load(SeqCst) == 1 || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
