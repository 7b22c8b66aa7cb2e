//! The servers. Several of them may be the nodes of one cluster.

use super::{
    calls,
    log::{Log, Logged},
};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};
use tokio::{net::TcpListener, sync::broadcast};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What goes wrong with the next append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection breaks before it is done.
    CutBefore,
    /// The connection breaks after it was done.
    CutAfter,
    /// It is done, and no answer comes.
    Silence,
    /// It is not done: too much is going on.
    Overload,
}

/// What all nodes of a cluster share.
pub struct Shared {
    pub(crate) log: Mutex<Log>,
    pub(crate) news: broadcast::Sender<Logged>,
    pub(crate) faults: Mutex<Vec<Fault>>,
    /// Where the nodes are.
    pub(crate) ports: Mutex<Vec<u16>>,
    pub(crate) leader: AtomicUsize,
    /// The version that it says it is.
    pub version: Mutex<String>,
    /// The most bytes that are appended at once.
    pub max_append: AtomicUsize,
    /// Ends all subscriptions.
    pub(crate) drop_subscriptions: Mutex<CancellationToken>,
    pub(crate) subscriptions: AtomicUsize,
    pub(crate) appends: AtomicUsize,
    pub(crate) connections: AtomicUsize,
    pub(crate) scanned: AtomicUsize,
    /// Whether a read of all events that has given what was asked for goes on to look for another
    /// event, and finds none: the server does so before it ends the answer, through all that is in
    /// the log.
    pub looks_on: AtomicBool,
    /// Whether a read of all events that has found less than was asked for never ends: as on a platform
    /// where little happens, whose log has ever more records of other kinds to be looked through.
    pub is_endless: AtomicBool,
    /// How long it takes a node to say what it can do, in milliseconds.
    pub says_late_ms: AtomicU64,
    /// The header that is expected.
    pub authorization: Mutex<Option<String>>,
}

/// A cluster of nodes, or one alone.
pub struct Fake {
    /// What its nodes share.
    pub shared: Arc<Shared>,
    stop: CancellationToken,
    cut: Mutex<CancellationToken>,
}

/// One connection to one node.
#[derive(Clone)]
pub struct Connected {
    pub shared: Arc<Shared>,
    pub node: usize,
    /// Breaks the connection.
    pub cut: CancellationToken,
}

impl Fake {
    /// One node.
    pub async fn start() -> Self {
        Self::cluster(1).await
    }

    /// Several nodes, of which the first leads.
    pub async fn cluster(nodes: usize) -> Self {
        Self::serving(nodes, None).await
    }

    /// One node at `port`, which keeps its log in the file at `path` and goes on with what is there.
    ///
    /// # Errors
    /// The port is taken, or the file cannot be read or written.
    pub async fn in_file(port: u16, path: &Path) -> io::Result<Self> {
        let fake = Self::with(Log::in_file(path)?);
        fake.listen(port, 0, None).await?;
        Ok(fake)
    }

    /// One node, which is spoken to over TLS.
    pub async fn with_tls(tls: TlsAcceptor) -> Self {
        Self::serving(1, Some(tls)).await
    }

    async fn serving(nodes: usize, tls: Option<TlsAcceptor>) -> Self {
        let fake = Self::with(Log::new());
        for node in 0..nodes {
            fake.listen(0, node, tls.clone()).await.unwrap();
        }
        fake
    }

    fn with(log: Log) -> Self {
        Self {
            shared: Arc::new(Shared {
                log: Mutex::new(log),
                news: broadcast::channel(65_536).0,
                faults: Mutex::default(),
                ports: Mutex::default(),
                leader: AtomicUsize::new(0),
                version: Mutex::new("26.1.0".into()),
                max_append: AtomicUsize::new(16 << 20),
                drop_subscriptions: Mutex::default(),
                subscriptions: AtomicUsize::new(0),
                appends: AtomicUsize::new(0),
                connections: AtomicUsize::new(0),
                scanned: AtomicUsize::new(0),
                looks_on: AtomicBool::new(false),
                is_endless: AtomicBool::new(false),
                says_late_ms: AtomicU64::new(0),
                authorization: Mutex::default(),
            }),
            stop: CancellationToken::new(),
            cut: Mutex::default(),
        }
    }

    async fn listen(&self, port: u16, node: usize, tls: Option<TlsAcceptor>) -> io::Result<()> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let port = listener.local_addr()?.port();
        self.shared.ports.lock().unwrap().push(port);
        self.serve(listener, node, tls);
        Ok(())
    }

    fn serve(&self, listener: TcpListener, node: usize, tls: Option<TlsAcceptor>) {
        let (shared, stop) = (self.shared.clone(), self.stop.clone());
        let all = self.cut.lock().unwrap().clone();
        tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
            let tasks = TaskTracker::new();
            while let Ok((socket, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let connected = Connected {
                    shared: shared.clone(),
                    node,
                    cut: all.child_token(),
                };
                let (stop, tls) = (stop.clone(), tls.clone());
                tasks.spawn(async move {
                    let cut = connected.cut.clone();
                    let service = service_fn(move |request: hyper::Request<Incoming>| {
                        calls::answer(connected.clone(), request)
                    });
                    let server = auto::Builder::new(TokioExecutor::new());
                    let serving = async {
                        let _ = match tls {
                            None => server.serve_connection(TokioIo::new(socket), service).await,
                            Some(tls) => match tls.accept(socket).await {
                                Ok(socket) => {
                                    server.serve_connection(TokioIo::new(socket), service).await
                                }
                                // It does not trust this server.
                                Err(_) => return,
                            },
                        };
                    };
                    tokio::select! {
                        () = serving => {}
                        () = cut.cancelled() => {}
                        () = stop.cancelled() => {}
                    }
                });
            }
        }));
    }

    /// The connection string of the cluster.
    pub fn url(&self) -> String {
        let ports = self.shared.ports.lock().unwrap();
        let hosts: Vec<_> = ports
            .iter()
            .map(|port| format!("127.0.0.1:{port}"))
            .collect();
        format!(
            "kurrentdb://{}?tls=false&discoveryInterval=20",
            hosts.join(",")
        )
    }

    /// The connection string of one node.
    pub fn url_of(&self, node: usize) -> String {
        let port = self.shared.ports.lock().unwrap()[node];
        format!("esdb://127.0.0.1:{port}?tls=false")
    }

    /// What all nodes have.
    pub fn log(&self) -> MutexGuard<'_, Log> {
        self.shared.log.lock().unwrap()
    }

    /// What goes wrong with the next append.
    pub fn next(&self, fault: Fault) {
        self.shared.faults.lock().unwrap().insert(0, fault);
    }

    /// From now on that node leads.
    pub fn lead(&self, node: usize) {
        self.shared.leader.store(node, Ordering::SeqCst);
    }

    /// How many subscriptions to all events there have been.
    pub fn subscriptions(&self) -> usize {
        self.shared.subscriptions.load(Ordering::SeqCst)
    }

    /// How many appends there have been.
    pub fn appends(&self) -> usize {
        self.shared.appends.load(Ordering::SeqCst)
    }

    /// How many connections there have been.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many records reads of the whole log have looked at.
    pub fn scanned(&self) -> usize {
        self.shared.scanned.load(Ordering::SeqCst)
    }

    /// Ends all subscriptions, as a server does that cannot keep up.
    pub fn drop_subscriptions(&self) {
        let mut token = self.shared.drop_subscriptions.lock().unwrap();
        std::mem::take(&mut *token).cancel();
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
