//! One endpoint, one file.

pub(crate) mod change_webhook;
pub(crate) mod create_webhook;
pub(crate) mod delete_webhook;
pub(crate) mod disable_webhook;
pub(crate) mod enable_webhook;
pub(crate) mod get_webhook;
pub(crate) mod list_deliveries;
pub(crate) mod list_emails;
pub(crate) mod list_webhooks;
pub(crate) mod redeliver;
pub(crate) mod redeliver_email;
pub(crate) mod redeliver_emails;
pub(crate) mod redeliver_range;
pub(crate) mod rotate_secret;
