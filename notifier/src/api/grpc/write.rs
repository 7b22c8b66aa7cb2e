//! A call as a write.

use crate::api::{
    Api,
    request::{Once, Write},
};
use chassis::{
    Problem,
    extract::IfMatch,
    grpc::{CALL, Write as Call, once},
};
use prost::Message;

chassis::grpc_writes! {
    "Webhooks" {
        CreateWebhookRequest: "CreateWebhook", |_| "";
        ChangeWebhookRequest: "ChangeWebhook", |message| &message.etag;
        DisableWebhookRequest: "DisableWebhook", |message| &message.etag;
        EnableWebhookRequest: "EnableWebhook", |message| &message.etag;
        RotateWebhookSecretRequest: "RotateWebhookSecret", |message| &message.etag;
        RedeliverDeliveryRequest: "RedeliverDelivery", |_| "";
        RedeliverDeliveriesRequest: "RedeliverDeliveries", |message| &message.etag;
    }
    "Emails" {
        RedeliverEmailRequest: "RedeliverEmail", |_| "";
        RedeliverEmailsRequest: "RedeliverEmails", |_| "";
    }
}

/// The write that `message` is, with `body` of it.
///
/// # Errors
/// 400: no request id, or one that is none, or an etag that is none.
pub(super) fn write<M: Call + Message, B>(
    api: &Api,
    message: &M,
    body: B,
) -> Result<Write<B>, Problem> {
    let (key, IfMatch(seen)) = once(message)?;
    let once = Once::new(api, CALL, M::PATH, &key, &message.encode_to_vec());
    Ok(Write { once, seen, body })
}
