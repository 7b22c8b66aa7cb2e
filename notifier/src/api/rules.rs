//! What endpoints of webhooks may be like.

use super::Api;
use crate::notice::NoticeKind;
use chassis::Problem;

/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 200;

fn broken(pointer: &str, code: &'static str, detail: String) -> Problem {
    Problem::unprocessable(code, format!("{pointer}: {detail}.")).with_error(pointer, code, detail)
}

/// Where webhooks go.
///
/// # Errors
/// 422: they may not go there.
pub(crate) fn url(api: &Api, text: &str) -> Result<String, Problem> {
    let url = api.reach.parse(text).map_err(|error| {
        let code = match error.code() {
            "PRIVATE_ADDRESS" => "WEBHOOK_ADDRESS_PRIVATE",
            _ => "WEBHOOK_URL_INVALID",
        };
        broken("/url", code, error.to_string())
    })?;
    Ok(url.into())
}

/// What an endpoint wants to know of, each once.
///
/// # Errors
/// 422: there is nothing of that name.
pub(crate) fn events(names: Vec<String>) -> Result<Vec<String>, Problem> {
    for (index, name) in names.iter().enumerate() {
        if NoticeKind::parse(name).is_none() {
            let known: Vec<&str> = NoticeKind::ALL.iter().map(|kind| kind.name()).collect();
            let detail = format!("it must be one of {}", known.join(", "));
            return Err(broken(
                &format!("/events/{index}"),
                "WEBHOOK_EVENT_UNKNOWN",
                detail,
            ));
        }
    }
    let mut names = names;
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// What people call it.
///
/// # Errors
/// 422: it is too long, or no line of text.
pub(crate) fn description(text: Option<String>) -> Result<Option<String>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let length = text.chars().count();
    if length == 0 || length > MAX_DESCRIPTION || text.contains(char::is_control) {
        let detail = format!("it must be 1 to {MAX_DESCRIPTION} characters on one line");
        return Err(broken("/description", "TEXT_LENGTH", detail));
    }
    Ok(Some(text))
}

/// Whether something is at the version that the sender saw.
///
/// # Errors
/// 412: it is not.
pub(crate) fn unchanged(seen: Option<u64>, version: i64) -> Result<(), Problem> {
    let version = u64::try_from(version).unwrap_or_default();
    match seen {
        Some(seen) if seen != version => Err(Problem::precondition_failed(version)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named_with_its_field() {
        let unknown = events(vec!["order.confirmed".into(), "order.eaten".into()]).unwrap_err();
        assert_eq!(unknown.details().errors[0].pointer, "/events/1");
        let twice = vec!["order.refunded".into(), "order.refunded".into()];
        assert_eq!(events(twice).unwrap(), ["order.refunded"]);
        for text in ["", "a\nb", &"x".repeat(201)] {
            let refused = description(Some(text.into())).unwrap_err();
            assert_eq!(refused.details().errors[0].pointer, "/description");
        }
        assert_eq!(description(None).unwrap(), None);
        assert_eq!(unchanged(Some(2), 3).unwrap_err().status().as_u16(), 412);
        assert!(unchanged(Some(3), 3).is_ok() && unchanged(None, 3).is_ok());
    }
}
