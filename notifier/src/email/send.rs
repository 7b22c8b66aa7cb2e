//! Hands e-mail over by SMTP.

use super::template::Text;
use crate::telemetry;
use anyhow::Context;
use chassis::circuit::{Circuit, CircuitState, Rules, Told};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};
use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};
use tokio::time::{Instant, timeout};
use url::Url;
use uuid::Uuid;

/// After so many e-mails that could not be handed over the server is left alone, if they are half of
/// those of this time at least, or where nothing else has come of them for a while; for so long, until one tells whether it is back.
const RULES: Rules = Rules {
    failures: 5,
    share: 50,
    window: Duration::from_secs(120),
    silence: Duration::from_secs(60),
    rest: Duration::from_secs(30),
};

/// What is said of a server that does not answer.
const SILENT: &str = "the server did not answer in time";

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Handed {
    /// The server has taken it.
    Over,
    /// It was not tried, as the server is left alone for so long.
    Deferred(Duration),
    /// The server could not be reached, or would not take it now.
    Later(String),
    /// The server will never take it.
    Refused(String),
}

/// Sends e-mail.
#[derive(Clone)]
pub(crate) struct EmailSender {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// What handing one over may take, from the connection to the last answer.
    timeout: Duration,
    circuit: Arc<Mutex<Circuit>>,
}

impl EmailSender {
    /// Hands e-mail to the server at `url`, from `from`.
    ///
    /// # Errors
    /// One of them is none.
    pub(crate) fn new(url: &str, from: &str, timeout: Duration) -> anyhow::Result<Self> {
        let from = from.parse().context("notification.email_from")?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            // The URL may hold a password, so it is not shown.
            .context("notification.smtp_url is no address of an SMTP server")?
            .timeout(Some(timeout))
            .build();
        let circuit = Circuit::new(RULES, Instant::now());
        telemetry::circuit(circuit.state());
        Ok(Self {
            transport,
            from,
            timeout,
            circuit: Arc::new(Mutex::new(circuit)),
        })
    }

    /// One attempt at the e-mail `id`, at `now`.
    pub(super) async fn send(&self, id: Uuid, to: Mailbox, text: Text, now: SystemTime) -> Handed {
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            // The same in every attempt: whoever gets it twice can tell.
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .date(now)
            .subject(text.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text.body);
        let message = match message {
            Ok(message) => message,
            Err(error) => return Handed::Refused(format!("no message can be made: {error}")),
        };
        let ticket = match self.change(|circuit, now| circuit.enter(now)) {
            Ok(ticket) => ticket,
            Err(wait) => return Handed::Deferred(wait),
        };
        // The transport's own limit ends with the connection: a server may take that and say nothing.
        let handed = match timeout(self.timeout, self.transport.send(message)).await {
            Ok(Ok(_)) => Handed::Over,
            Ok(Err(error)) => match error.status() {
                Some(code) => answered(code.into()),
                None if error.is_timeout() => Handed::Later(SILENT.into()),
                None => Handed::Later("the server cannot be reached".into()),
            },
            Err(_) => Handed::Later(SILENT.into()),
        };
        let told = match &handed {
            Handed::Later(_) => Told::Ill,
            _ => Told::Well,
        };
        self.change(|circuit, now| circuit.leave(ticket, told, now));
        handed
    }

    /// Whether e-mail is handed over at all.
    pub(crate) fn circuit(&self) -> CircuitState {
        self.lock().state()
    }

    /// Changes the circuit, and tells who is interested.
    fn change<T>(&self, change: impl FnOnce(&mut Circuit, Instant) -> T) -> T {
        let mut circuit = self.lock();
        let before = circuit.state();
        let changed = change(&mut circuit, Instant::now());
        let after = circuit.state();
        if before != after {
            // Under the lock, so that the last word is the last.
            telemetry::circuit(after);
            match (before, after) {
                (CircuitState::HalfOpen, CircuitState::Open) => tracing::warn!(
                    participant = "email",
                    "the e-mail server does not answer, and is left alone"
                ),
                (_, CircuitState::Closed) => {
                    tracing::info!(participant = "email", "the e-mail server answers again");
                }
                _ => {}
            }
        }
        changed
    }

    /// Nothing under this lock panics half-way through a change.
    fn lock(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What follows from an answer that is no success. What else a server says may hold the address, so
/// only its code is kept.
fn answered(code: u16) -> Handed {
    match code {
        // It wants other credentials, or TLS, or takes nothing from us at all: no recipient can help
        // that, and the same e-mail goes when somebody has mended it.
        530 | 534 | 535 | 538 | 554 => Handed::Later(format!("the server refuses us: {code}")),
        500.. => Handed::Refused(format!("the server refused it: {code}")),
        _ => Handed::Later(format!("the server did not take it: {code}")),
    }
}

/// Whether e-mail, and a password, may be read on their way to the server at `url`: TLS is not asked for
/// for certain, and the server is not this machine.
pub(crate) fn goes_in_the_open(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let certain = |(key, value): (_, _)| key == "tls" && value == "required";
    if url.scheme() != "smtp" || url.query_pairs().any(certain) {
        return false;
    }
    // Only of a few schemes the URL says whether its host is an address.
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    !(host == "localhost" || address.is_ok_and(|address| address.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[test]
    fn what_is_wrong_with_us_is_no_recipients_fault() {
        for code in [530, 534, 535, 538, 554, 421, 451] {
            assert!(matches!(answered(code), Handed::Later(_)), "{code}");
        }
        for code in [550, 551, 553, 501] {
            assert!(matches!(answered(code), Handed::Refused(_)), "{code}");
        }
    }

    #[test]
    fn what_is_not_sealed_on_its_way_is_known() {
        for open in [
            "smtp://mail.example",
            "smtp://user:pass@192.0.2.1:25",
            "smtp://mail.example?tls=opportunistic",
        ] {
            assert!(goes_in_the_open(open), "{open}");
        }
        for closed in [
            "smtps://mail.example",
            "smtp://mail.example?tls=required",
            "smtp://localhost:1025",
            "smtp://127.0.0.1:1025",
            "smtp://[::1]:1025",
        ] {
            assert!(!goes_in_the_open(closed), "{closed}");
        }
    }

    #[tokio::test]
    async fn a_server_that_says_nothing_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        // It takes connections, and keeps them.
        tokio::spawn(async move {
            let mut taken = vec![];
            while let Ok(connection) = listener.accept().await {
                taken.push(connection);
            }
        });
        let from = "Shop <orders@shop.example>";
        let sender = EmailSender::new(&url, from, Duration::from_millis(100)).unwrap();
        let text = Text {
            subject: "Hello".into(),
            body: "Hello".into(),
        };
        let to = "ada@example.com".parse().unwrap();
        let sending = sender.send(Uuid::nil(), to, text, SystemTime::UNIX_EPOCH);
        let handed = timeout(Duration::from_secs(10), sending).await.unwrap();
        assert_eq!(handed, Handed::Later(SILENT.into()));
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_left_alone() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        drop(listener);
        let from = "Shop <orders@shop.example>";
        let sender = EmailSender::new(&url, from, Duration::from_secs(5)).unwrap();
        assert_eq!(sender.circuit(), CircuitState::Closed);
        // So many, and the one that tells.
        for _ in 0..=RULES.failures {
            let text = Text {
                subject: "Hello".into(),
                body: "Hello".into(),
            };
            let to = "ada@example.com".parse().unwrap();
            let handed = sender.send(Uuid::nil(), to, text, SystemTime::UNIX_EPOCH);
            let handed = handed.await;
            assert!(matches!(handed, Handed::Later(_)), "{handed:?}");
        }
        assert_eq!(sender.circuit(), CircuitState::Open);
    }
}
