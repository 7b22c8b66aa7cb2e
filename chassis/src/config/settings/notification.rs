//! Settings of whom others are told of what happens.

use std::time::Duration;

use secrecy::SecretString;

use super::POLL_MS;
use crate::config::{
    rule::Rule,
    section::{Entry, SettingValue, section},
};

section! {
    /// Webhooks and e-mail.
    NotificationSettings in "notification" {
        /// Events in one round at most.
        batch: usize = 256, Rule::Integer { min: 1, max: 1_024 };
        /// Time between two looks for what is due when nothing signals it, in milliseconds.
        poll_ms: u64 = 500, POLL_MS;
        /// Times between the attempts of a webhook, in seconds, the first from its event on; a little
        /// more each, so that not all come at once. After the last of them its endpoint is disabled.
        webhook_schedule_s: Vec<u64> = vec![
            0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400,
        ], Rule::Integers { min: 0, max: 2_592_000, len: 20 };
        /// Time that an endpoint has to answer, in milliseconds.
        webhook_timeout_ms: u64 = 15_000, Rule::Integer { min: 10, max: 60_000 };
        /// Webhooks under way at once.
        webhook_concurrency: usize = 64, Rule::Integer { min: 1, max: 10_000 };
        /// Those of them to one endpoint, so that a slow one takes nothing from the others.
        endpoint_concurrency: usize = 4, Rule::Integer { min: 1, max: 1_000 };
        /// Endpoints of a tenant at most.
        max_endpoints: u32 = 50, Rule::Integer { min: 1, max: 200 };
        /// Time that a replaced secret still signs beside the new one, in seconds, unless its
        /// replacement says otherwise.
        secret_overlap_s: u64 = 86_400, Rule::Integer { min: 0, max: 2_592_000 };
        /// Whether webhooks may go to this machine and to private networks, and without TLS: for
        /// development and tests. Whoever may create endpoints then reaches whatever this process does.
        allow_private_addresses: bool = false, Rule::Flag;
        /// Days that settled deliveries are kept in the log.
        keep_days: u32 = 30, Rule::Integer { min: 1, max: 3_650 };
        /// Server that e-mail is handed to, with user and password where it asks for them; absent: no
        /// e-mail. smtps:// for TLS from the start; ?tls=required behind smtp:// for STARTTLS.
        smtp_url: Option<SecretString> = None, Rule::Url(&["smtp", "smtps"]);
        /// Who e-mail is from, such as Shop <orders@shop.example>; needed where there is e-mail.
        email_from: Option<String> = None, Rule::Mailbox;
        /// Times between the attempts of an e-mail, in seconds; after the last of them it is parked.
        email_schedule_s: Vec<u64> = vec![0, 60, 300, 1_800, 7_200, 28_800, 86_400],
            Rule::Integers { min: 0, max: 2_592_000, len: 20 };
        /// Time that handing over one e-mail may take, in milliseconds.
        email_timeout_ms: u64 = 15_000, Rule::Integer { min: 10, max: 120_000 };
        /// E-mails under way at once.
        email_concurrency: usize = 4, Rule::Integer { min: 1, max: 1_000 };
    }
}

impl NotificationSettings {
    /// Time between two looks for what is due.
    #[must_use]
    pub fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms)
    }

    /// Time for an endpoint's answer.
    #[must_use]
    pub fn webhook_timeout(&self) -> Duration {
        Duration::from_millis(self.webhook_timeout_ms)
    }

    /// Time that a replaced secret still signs.
    #[must_use]
    pub fn secret_overlap(&self) -> Duration {
        Duration::from_secs(self.secret_overlap_s)
    }

    /// Time to hand over one e-mail.
    #[must_use]
    pub fn email_timeout(&self) -> Duration {
        Duration::from_millis(self.email_timeout_ms)
    }
}
