//! Hands e-mail over by SMTP.

use super::template::Text;
use anyhow::Context;
use chassis::circuit::{Circuit, Rules, Told};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};
use tokio::time::Instant;
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
        Ok(Self {
            transport,
            from,
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
        let sent = self.transport.send(message).await;
        let handed = match sent {
            Ok(_) => Handed::Over,
            // What a server says may hold the address, so only its code is kept.
            Err(error) => {
                let code = error.status().map(|code| code.to_string());
                match (error.is_permanent(), code) {
                    (true, Some(code)) => Handed::Refused(format!("the server refused it: {code}")),
                    (_, Some(code)) => Handed::Later(format!("the server did not take it: {code}")),
                    (_, None) if error.is_timeout() => {
                        Handed::Later("the server did not answer in time".into())
                    }
                    (_, None) => Handed::Later("the server cannot be reached".into()),
                }
            }
        };
        let told = match &handed {
            Handed::Later(_) => Told::Ill,
            _ => Told::Well,
        };
        self.change(|circuit, now| circuit.leave(ticket, told, now));
        handed
    }

    fn change<T>(&self, change: impl FnOnce(&mut Circuit, Instant) -> T) -> T {
        // Nothing under this lock panics half-way through a change.
        let mut circuit = self.circuit.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut circuit, Instant::now())
    }
}
