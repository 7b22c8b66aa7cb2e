//! Calls that write: what is in their messages makes them happen once.

use crate::{
    extract::{IdempotencyKey, IfMatch},
    problem::Problem,
};

/// What the scope of a call's key has where a request's has its method: none of HTTP's is called so.
pub const CALL: &str = "CALL";

/// What makes a message happen once that has these, and the version that its caller saw: none where `etag` is
/// empty.
///
/// # Errors
/// 400: no request id, or one that is none, or an etag that is none.
pub fn once(request_id: &str, etag: &str) -> Result<(IdempotencyKey, IfMatch), Problem> {
    let key = match request_id {
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
    let seen = match etag {
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

    #[test]
    fn a_message_says_what_makes_it_happen_once() {
        let (key, seen) = once("k", "").unwrap();
        assert_eq!((key.as_str(), seen.0), ("k", None));
        let (_, seen) = once("k", "\"3\"").unwrap();
        assert_eq!(seen.0, Some(3));
        for (request_id, etag, code, pointer, kind) in [
            ("", "", "INVALID_REQUEST_ID", "/request_id", "REQUIRED"),
            ("ä", "", "INVALID_REQUEST_ID", "/request_id", "INVALID"),
            ("k", "3", "INVALID_ETAG", "/etag", "INVALID"),
        ] {
            let problem = once(request_id, etag).unwrap_err();
            let error = &problem.details().errors[0];
            assert_eq!(problem.code(), code);
            assert_eq!(
                (error.pointer.as_str(), error.code.as_ref()),
                (pointer, kind)
            );
        }
    }
}
