//! What a setting's value may be, and how text from the environment becomes that value.

use std::{collections::BTreeSet, fmt, net::IpAddr};

use serde_json::Value;
use tracing_subscriber::EnvFilter;

use crate::webhook::WebhookSecret;

/// The longest text any setting may have, in bytes.
const MAX_TEXT: usize = 4096;

/// What is allowed as a setting's value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    /// An integer in a range, both ends included.
    Integer { min: u64, max: u64 },
    /// Up to `len` integers in a range, at least one; in the environment separated by commas.
    Integers { min: u64, max: u64, len: usize },
    /// A number from 0 to 1.
    Share,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// 1 to `max` characters out of letters, digits, `-`, `_` and `.`.
    Name { max: usize },
    /// 1 to `max` characters out of small letters, digits and `-`.
    Slug { max: usize },
    /// Up to `len` different slugs of 1 to `max` characters, at least one; in the environment separated by
    /// commas.
    Slugs { max: usize, len: usize },
    /// A filter of log directives, such as `info` or `info,orders=debug`.
    LogFilter,
    /// An IP address.
    Address,
    /// A URL with one of these schemes.
    Url(&'static [&'static str]),
    /// An address of e-mail, with a name or without.
    Mailbox,
    /// Secret text of at least so many characters.
    Secret { min: usize },
    /// A secret key of 256 bits.
    Key,
    /// A secret that webhooks are signed with.
    WebhookSecret,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer { min, max } => write!(f, "an integer from {min} to {max}"),
            Self::Integers { min, max, len } => {
                write!(
                    f,
                    "1 to {len} integers from {min} to {max}, separated by commas"
                )
            }
            Self::Share => f.write_str("a number from 0 to 1"),
            Self::Flag => f.write_str("true or false"),
            Self::OneOf(words) => f.write_str(&words.join(" or ")),
            Self::Name { max } => write!(f, "1 to {max} of a-z A-Z 0-9 - _ ."),
            Self::Slug { max } => write!(f, "1 to {max} of a-z 0-9 -"),
            Self::Slugs { max, len } => write!(
                f,
                "1 to {len} different names, each 1 to {max} of a-z 0-9 -, separated by commas"
            ),
            Self::LogFilter => f.write_str("log directives such as info or info,orders=debug"),
            Self::Address => f.write_str("an IP address of this machine, without a port"),
            Self::Url(schemes) => {
                let shapes: Vec<String> = schemes.iter().map(|s| format!("{s}://…")).collect();
                f.write_str(&shapes.join(" or "))
            }
            Self::Mailbox => f.write_str("an address of e-mail such as Shop <orders@shop.example>"),
            Self::Secret { min } => write!(f, "at least {min} characters"),
            Self::Key => f.write_str("64 hexadecimal digits"),
            Self::WebhookSecret => f.write_str("whsec_ and base64 of 24 to 64 bytes"),
        }
    }
}

impl Rule {
    /// The value in the type that the setting has, or `None` where it is not allowed.
    pub(super) fn accept(&self, value: &Value) -> Option<Value> {
        match self {
            Self::Integer { min, max } => integer(value, *min, *max),
            Self::Integers { min, max, len } => integers(value, *min, *max, *len),
            Self::Share => share(value),
            Self::Flag => match value {
                Value::Bool(flag) => Some(Value::Bool(*flag)),
                Value::String(text) => text.parse().ok().map(Value::Bool),
                _ => None,
            },
            Self::OneOf(words) => text(value)
                .filter(|t| words.contains(&t.as_str()))
                .map(Value::String),
            Self::Name { max } => text(value).filter(|t| is_name(t, *max)).map(Value::String),
            Self::Slug { max } => text(value).filter(|t| is_slug(t, *max)).map(Value::String),
            Self::Slugs { max, len } => slugs(value, *max, *len),
            Self::LogFilter => text(value)
                .filter(|t| EnvFilter::try_new(t).is_ok())
                .map(Value::String),
            Self::Address => text(value)
                .filter(|t| t.parse::<IpAddr>().is_ok())
                .map(Value::String),
            Self::Url(schemes) => text(value)
                .filter(|t| is_url(t, schemes))
                .map(Value::String),
            Self::Mailbox => text(value)
                .filter(|t| t.contains('@') && !t.contains(char::is_control))
                .map(Value::String),
            Self::Secret { min } => text(value)
                .filter(|t| t.chars().count() >= *min)
                .map(Value::String),
            Self::Key => text(value).filter(|t| is_key(t)).map(Value::String),
            Self::WebhookSecret => text(value)
                .filter(|t| WebhookSecret::parse(t).is_ok())
                .map(Value::String),
        }
    }
}

fn integer(value: &Value, min: u64, max: u64) -> Option<Value> {
    let number = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    (min..=max).contains(&number).then(|| Value::from(number))
}

fn share(value: &Value) -> Option<Value> {
    let number: f64 = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    (0.0..=1.0).contains(&number).then(|| Value::from(number))
}

fn integers(value: &Value, min: u64, max: u64, len: usize) -> Option<Value> {
    let items: Vec<Value> = match value {
        Value::Array(items) => items.clone(),
        Value::String(text) => text.split(',').map(Value::from).collect(),
        _ => return None,
    };
    if items.is_empty() || items.len() > len {
        return None;
    }
    items
        .iter()
        .map(|item| integer(item, min, max))
        .collect::<Option<Vec<_>>>()
        .map(Value::Array)
}

fn slugs(value: &Value, max: usize, len: usize) -> Option<Value> {
    let items: Vec<Value> = match value {
        Value::Array(items) => items.clone(),
        Value::String(text) => text.split(',').map(|item| item.trim().into()).collect(),
        _ => return None,
    };
    let slug = |item: &Value| text(item).filter(|item| is_slug(item, max));
    let slugs = items.iter().map(slug).collect::<Option<Vec<_>>>()?;
    let different: BTreeSet<&String> = slugs.iter().collect();
    let counts = (1..=len).contains(&slugs.len()) && different.len() == slugs.len();
    counts.then(|| Value::from(slugs))
}

/// Text of a bounded length. YAML reads an unquoted `123` as a number; it was meant as text here.
fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty() && text.len() <= MAX_TEXT).then_some(text)
}

fn is_name(text: &str, max: usize) -> bool {
    text.len() <= max
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn is_slug(text: &str, max: usize) -> bool {
    text.len() <= max
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_key(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_url(text: &str, schemes: &[&str]) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    schemes.contains(&scheme) && !rest.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn integers_come_from_numbers_and_from_text_within_the_range() {
        let rule = Rule::Integer { min: 1, max: 10 };
        assert_eq!(rule.accept(&json!(10)), Some(json!(10)));
        assert_eq!(rule.accept(&json!("3")), Some(json!(3)));
        for wrong in [
            json!(0),
            json!(11),
            json!(-1),
            json!(1.5),
            json!("x"),
            json!(null),
            json!([1]),
        ] {
            assert_eq!(rule.accept(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_key_is_64_hexadecimal_digits() {
        let key = "0123456789abcdefABCDEF0123456789".repeat(2);
        assert_eq!(Rule::Key.accept(&json!(key)), Some(json!(key)));
        for wrong in [&key[1..], &format!("{key}0"), &"g".repeat(64), ""] {
            assert_eq!(Rule::Key.accept(&json!(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn a_share_is_from_none_to_all() {
        for (given, is) in [
            (json!(0), 0.0),
            (json!(1), 1.0),
            (json!(0.25), 0.25),
            (json!("0.05"), 0.05),
            (json!(" 1 "), 1.0),
        ] {
            assert_eq!(Rule::Share.accept(&given), Some(json!(is)), "{given}");
        }
        for wrong in [
            json!(-0.1),
            json!(1.01),
            json!("NaN"),
            json!("half"),
            json!(""),
            json!(true),
            json!(null),
        ] {
            assert_eq!(Rule::Share.accept(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_list_is_bounded_in_length_and_in_each_item() {
        let rule = Rule::Integers {
            min: 1,
            max: 100,
            len: 3,
        };
        assert_eq!(rule.accept(&json!("30, 60")), Some(json!([30, 60])));
        assert_eq!(rule.accept(&json!([1, 2, 3])), Some(json!([1, 2, 3])));
        for wrong in [
            json!(""),
            json!([]),
            json!([1, 2, 3, 4]),
            json!("1,,2"),
            json!([101]),
        ] {
            assert_eq!(rule.accept(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn names_of_a_list_are_different_slugs() {
        let rule = Rule::Slugs { max: 8, len: 3 };
        assert_eq!(
            rule.accept(&json!("main, east")),
            Some(json!(["main", "east"]))
        );
        assert_eq!(rule.accept(&json!(["a", 7])), Some(json!(["a", "7"])));
        for wrong in [
            json!(""),
            json!([]),
            json!("a,b,c,d"),
            json!("a,,b"),
            json!("a,a"),
            json!("Main"),
            json!(["a", null]),
            json!("ninechars"),
        ] {
            assert_eq!(rule.accept(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_address_is_one_of_ip_alone() {
        for good in ["127.0.0.1", "0.0.0.0", "::1", "::"] {
            assert!(Rule::Address.accept(&json!(good)).is_some(), "{good}");
        }
        for wrong in ["localhost", "127.0.0.1:80", "10.0.0", ""] {
            assert!(Rule::Address.accept(&json!(wrong)).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_url_has_one_of_its_schemes() {
        let rule = Rule::Url(&["postgres", "postgresql"]);
        for good in ["postgres://u:p@h/db", "postgresql://h/db"] {
            assert!(rule.accept(&json!(good)).is_some(), "{good}");
        }
        for wrong in [
            "memory",
            "mysql://h/db",
            "postgres://",
            "Postgres://h",
            "postgres:h",
            "postgres://a b",
        ] {
            assert!(rule.accept(&json!(wrong)).is_none(), "{wrong}");
        }
    }
}
