//! Query parameters, of which none is ignored.

use std::fmt;

use axum::{
    extract::{FromRequestParts, Query},
    http::{Uri, request::Parts},
};
use serde::Deserialize;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, Visitor,
    value::StrDeserializer,
};

use crate::problem::Problem;

/// Parameters in one query at most; no endpoint has as many.
const MAX_PARAMETERS: usize = 64;

/// The query string as a `T`.
///
/// An unknown, repeated, missing or malformed parameter is 400 and named. Strict for every
/// struct, whether it says `deny_unknown_fields` or not; `#[serde(flatten)]` is not supported.
#[derive(Debug, Clone, Copy)]
pub struct StrictQuery<T>(pub T);

/// There are no parameters: one that were ignored might be one that its sender relies on.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct NoQuery {}

impl<S, T> FromRequestParts<S> for StrictQuery<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::try_from_uri(&parts.uri)
    }
}

impl<T: DeserializeOwned> StrictQuery<T> {
    /// Parses the query of a URI.
    ///
    /// # Errors
    /// 400 that names the parameter.
    pub fn try_from_uri(uri: &Uri) -> Result<Self, Problem> {
        let pairs = match uri.query() {
            None | Some("") => Vec::new(),
            Some(_) => {
                Query::<Vec<(String, String)>>::try_from_uri(uri)
                    .map_err(|error| Problem::bad_request("INVALID_QUERY", error.to_string()))?
                    .0
            }
        };
        if pairs.len() > MAX_PARAMETERS {
            let detail = format!("A query has at most {MAX_PARAMETERS} parameters.");
            return Err(Problem::bad_request("INVALID_QUERY", detail));
        }
        let parameters = Parameters {
            pairs: &pairs,
            next: 0,
        };
        T::deserialize(parameters)
            .map(Self)
            .map_err(Invalid::into_problem)
    }
}

/// A parameter that cannot be accepted.
#[derive(Debug)]
struct Invalid {
    parameter: Option<String>,
    code: &'static str,
    detail: String,
}

impl Invalid {
    fn new(parameter: &str, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            parameter: Some(parameter.to_owned()),
            code,
            detail: detail.into(),
        }
    }

    fn into_problem(self) -> Problem {
        let Self {
            parameter,
            code,
            detail,
        } = self;
        match parameter {
            None => Problem::bad_request("INVALID_QUERY", detail),
            Some(name) => Problem::bad_request(
                "INVALID_QUERY",
                format!("Query parameter {name}: {detail}."),
            )
            .with_error(format!("query:{name}"), code, detail),
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Invalid {}

impl de::Error for Invalid {
    fn custom<M: fmt::Display>(message: M) -> Self {
        Self {
            parameter: None,
            code: "INVALID",
            detail: message.to_string(),
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(field, "REQUIRED", "it is required")
    }
}

/// All parameters, as a serde map; checks names before any value is looked at.
struct Parameters<'a> {
    pairs: &'a [(String, String)],
    next: usize,
}

impl<'de> Deserializer<'de> for Parameters<'_> {
    type Error = Invalid;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        visitor.visit_map(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Invalid> {
        for (at, (name, _)) in self.pairs.iter().enumerate() {
            if !fields.contains(&name.as_str()) {
                let allowed = if fields.is_empty() {
                    "there are none here".to_owned()
                } else {
                    format!("allowed: {}", fields.join(", "))
                };
                let detail = format!("there is no such parameter; {allowed}");
                return Err(Invalid::new(name, "UNKNOWN", detail));
            }
            if self.pairs[..at].iter().any(|(earlier, _)| earlier == name) {
                return Err(Invalid::new(name, "REPEATED", "it is given more than once"));
            }
        }
        visitor.visit_map(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

impl<'de> de::MapAccess<'de> for Parameters<'_> {
    type Error = Invalid;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Invalid> {
        match self.pairs.get(self.next) {
            None => Ok(None),
            Some((name, _)) => {
                let name: StrDeserializer<'_, Invalid> = name.as_str().into_deserializer();
                seed.deserialize(name).map(Some)
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Invalid> {
        let (name, value) = self
            .pairs
            .get(self.next)
            .ok_or_else(|| <Invalid as de::Error>::custom("a value without a name"))?;
        self.next += 1;
        seed.deserialize(Text { value }).map_err(|error| Invalid {
            parameter: error.parameter.or_else(|| Some(name.clone())),
            ..error
        })
    }
}

/// One parameter's value: text, read as whatever type is asked for.
struct Text<'a> {
    value: &'a str,
}

macro_rules! parsed {
    ($($method:ident => $visit:ident as $what:literal,)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
            match self.value.parse() {
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(de::Error::custom(concat!($what, " is expected, in range"))),
            }
        })+
    };
}

impl<'de> Deserializer<'de> for Text<'_> {
    type Error = Invalid;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        visitor.visit_str(self.value)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Invalid> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Invalid> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Invalid> {
        if !variants.contains(&self.value) {
            let detail = format!("one of {} is expected", variants.join(", "));
            return Err(de::Error::custom(detail));
        }
        let variant: StrDeserializer<'_, Invalid> = self.value.into_deserializer();
        visitor.visit_enum(variant)
    }

    parsed! {
        deserialize_bool => visit_bool as "true or false",
        deserialize_i8 => visit_i8 as "an integer",
        deserialize_i16 => visit_i16 as "an integer",
        deserialize_i32 => visit_i32 as "an integer",
        deserialize_i64 => visit_i64 as "an integer",
        deserialize_u8 => visit_u8 as "an integer from 0",
        deserialize_u16 => visit_u16 as "an integer from 0",
        deserialize_u32 => visit_u32 as "an integer from 0",
        deserialize_u64 => visit_u64 as "an integer from 0",
        deserialize_f64 => visit_f64 as "a number",
    }

    serde::forward_to_deserialize_any! {
        i128 u128 f32 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Status {
        Confirmed,
        Pending,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Listing {
        limit: Option<u32>,
        status: Option<Status>,
        #[serde(rename = "placed_at[gte]")]
        placed_from: Option<chrono::DateTime<chrono::Utc>>,
        #[serde(default)]
        exact: bool,
        tenant: String,
    }

    fn parse(query: &str) -> Result<Listing, Problem> {
        let uri = format!("/v1/orders{query}").parse().unwrap();
        StrictQuery::try_from_uri(&uri).map(|StrictQuery(listing)| listing)
    }

    #[test]
    fn good_parameters_are_decoded() {
        let listing = parse(
            "?limit=7&status=confirmed&placed_at%5Bgte%5D=2024-01-02T03:04:05%2B00:00&exact=true&tenant=a+b%26c",
        )
        .unwrap();
        assert_eq!(listing.limit, Some(7));
        assert_eq!(listing.status, Some(Status::Confirmed));
        assert_eq!(listing.placed_from.unwrap().timestamp(), 1_704_164_645);
        assert!(listing.exact);
        assert_eq!(listing.tenant, "a b&c");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (query, pointer, code, says) in [
            (
                "?tenant=a&limt=7",
                "query:limt",
                "UNKNOWN",
                "allowed: limit, status",
            ),
            (
                "?tenant=a&limit=x",
                "query:limit",
                "INVALID",
                "an integer from 0",
            ),
            (
                "?tenant=a&limit=-1",
                "query:limit",
                "INVALID",
                "an integer from 0",
            ),
            (
                "?tenant=a&limit=",
                "query:limit",
                "INVALID",
                "an integer from 0",
            ),
            (
                "?tenant=a&limit=1&limit=2",
                "query:limit",
                "REPEATED",
                "more than once",
            ),
            (
                "?tenant=a&status=Lost",
                "query:status",
                "INVALID",
                "one of confirmed, pending",
            ),
            (
                "?tenant=a&placed_at[gte]=soon",
                "query:placed_at[gte]",
                "INVALID",
                "input",
            ),
            ("", "query:tenant", "REQUIRED", "required"),
        ] {
            let problem = parse(query).unwrap_err();
            assert_eq!(problem.status().as_u16(), 400, "{query}");
            let error = &problem.details().errors[0];
            assert_eq!(
                (error.pointer.as_str(), error.code.as_ref()),
                (pointer, code),
                "{query}"
            );
            assert!(error.detail.contains(says), "{error:?}");
        }
    }

    #[test]
    fn a_query_is_bounded() {
        let many = format!("?{}", "a=1&".repeat(MAX_PARAMETERS + 1));
        assert_eq!(parse(&many).unwrap_err().code(), "INVALID_QUERY");
    }

    #[test]
    fn an_endpoint_without_parameters_takes_none() {
        let uri = "/x?a=1".parse().unwrap();
        let problem = StrictQuery::<NoQuery>::try_from_uri(&uri).unwrap_err();
        assert_eq!(problem.details().errors[0].pointer, "query:a");
        StrictQuery::<NoQuery>::try_from_uri(&"/x".parse().unwrap()).unwrap();
    }
}
