//! Calls that write: what is in their messages makes them happen once.

use crate::{
    extract::{IdempotencyKey, IfMatch},
    problem::Problem,
};

/// What the scope of a call's key has where a request's has its method: none of HTTP's is called so.
pub const CALL: &str = "CALL";

/// A message that writes. See [`grpc_writes!`](crate::grpc_writes).
pub trait Write {
    /// The path of the call, which the key's scope has in it.
    const PATH: &'static str;

    /// Makes it happen once.
    fn request_id(&self) -> &str;

    /// The version that the caller saw; empty if that is of no matter.
    fn etag(&self) -> &str;
}

/// Makes [`Write`](crate::grpc::Write)s of messages of `proto::v1`: for each service its messages, with the
/// method that takes each, and how it says which version was seen.
///
/// ```text
/// chassis::grpc_writes! {
///     "OrderCommands" {
///         PlaceOrderRequest: "PlaceOrder", |_| "";
///         CancelOrderRequest: "CancelOrder", |message| &message.etag;
///     }
/// }
/// ```
#[macro_export]
macro_rules! grpc_writes {
    ($($service:literal { $($message:ident: $method:literal, $etag:expr;)* })*) => {
        $($(impl $crate::grpc::Write for proto::v1::$message {
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

/// What makes `message` happen once, and the version that its caller saw.
///
/// # Errors
/// 400: no request id, or one that is none, or an etag that is none.
pub fn once(message: &impl Write) -> Result<(IdempotencyKey, IfMatch), Problem> {
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
    let seen = match message.etag() {
        "" => IfMatch(None),
        etag => IfMatch::parse(etag).map_err(|rule| {
            Problem::bad_request("INVALID_ETAG", format!("The field etag is wrong: {rule}."))
                .with_error("/etag", "INVALID", rule)
        })?,
    };
    Ok((key, seen))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Message(&'static str, &'static str);

    impl Write for Message {
        const PATH: &'static str = "/orders.v1.Things/DoThing";

        fn request_id(&self) -> &str {
            self.0
        }

        fn etag(&self) -> &str {
            self.1
        }
    }

    #[test]
    fn a_message_says_what_makes_it_happen_once() {
        let (key, seen) = once(&Message("k", "")).unwrap();
        assert_eq!((key.as_str(), seen.0), ("k", None));
        let (_, seen) = once(&Message("k", "\"3\"")).unwrap();
        assert_eq!(seen.0, Some(3));
        for (message, code, pointer, kind) in [
            (
                Message("", ""),
                "INVALID_REQUEST_ID",
                "/request_id",
                "REQUIRED",
            ),
            (
                Message("ä", ""),
                "INVALID_REQUEST_ID",
                "/request_id",
                "INVALID",
            ),
            (Message("k", "3"), "INVALID_ETAG", "/etag", "INVALID"),
        ] {
            let problem = once(&message).unwrap_err();
            let error = &problem.details().errors[0];
            assert_eq!(problem.code(), code);
            assert_eq!(
                (error.pointer.as_str(), error.code.as_ref()),
                (pointer, kind)
            );
        }
    }
}
