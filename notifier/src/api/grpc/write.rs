//! A call as a write.

use crate::api::{
    Api,
    request::{Once, Write},
};
use chassis::{
    Problem,
    extract::{IdempotencyKey, IfMatch},
};
use prost::Message;

/// What the scope of a call's key has where a request's has its method.
const CALL: &str = "CALL";

/// A message that writes: what is in it makes it happen once.
pub(super) trait Call: Message {
    /// The path of the call, which the key's scope has in it.
    const PATH: &'static str;

    /// Makes it happen once.
    fn request_id(&self) -> &str;

    /// The version that the caller saw; empty if that is of no matter.
    fn etag(&self) -> &str;
}

macro_rules! calls {
    ($($service:literal { $($message:ident: $method:literal, $etag:expr;)* })*) => {
        $($(impl Call for proto::v1::$message {
            const PATH: &'static str = concat!("/orders.v1.", $service, "/", $method);

            fn request_id(&self) -> &str {
                &self.request_id
            }

            fn etag(&self) -> &str {
                let etag: fn(&Self) -> &str = $etag;
                etag(self)
            }
        })*)*
    };
}

calls! {
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
pub(super) fn write<M: Call, B>(api: &Api, message: &M, body: B) -> Result<Write<B>, Problem> {
    let key = match message.request_id() {
        "" => Err((
            "REQUIRED",
            "it is required, so that the request can be repeated safely",
        )),
        key => IdempotencyKey::parse(key).map_err(|rule| ("INVALID", rule)),
    };
    let key = key.map_err(|(kind, rule)| {
        Problem::bad_request(
            "INVALID_REQUEST_ID",
            format!("The field request_id is wrong: {rule}."),
        )
        .with_error("/request_id", kind, rule)
    })?;
    let IfMatch(seen) = match message.etag() {
        "" => IfMatch(None),
        etag => IfMatch::parse(etag).map_err(|rule| {
            Problem::bad_request("INVALID_ETAG", format!("The field etag is wrong: {rule}."))
                .with_error("/etag", "INVALID", rule)
        })?,
    };
    let once = Once::new(api, CALL, M::PATH, &key, &message.encode_to_vec());
    Ok(Write { once, seen, body })
}
