//! Requests, as the endpoints take them.

use super::{Api, NotifierApi};
use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderName, request::Parts},
};
use chassis::{
    Problem,
    extract::{
        IdempotencyKey, IfMatch, NoQuery, StrictJson, StrictPath, StrictQuery, invalid_path,
    },
    token::ConsistencyToken,
};
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use uuid::Uuid;

/// The namespace of requests' ids.
const KEYS: Uuid = Uuid::from_u128(0x9d1a_52c4_7b0e_4c67_a3f5_08e1_6d42_b7c9);

/// Who asks: there is no authentication yet.
const PRINCIPAL: &str = "api";

const CONSISTENCY_TOKEN: HeaderName = HeaderName::from_static("consistency-token");

/// There is nothing to be said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoBody {}

/// The headers of a write.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it only describes what is taken from the request")]
pub(crate) struct WriteHeaders {
    /// Names this request: sent again, it gets the first answer again. 1 to 255 visible ASCII
    /// characters, bare or quoted.
    #[param(rename = "Idempotency-Key", max_length = 257)]
    idempotency_key: String,
    /// The version that you saw, as its ETag, if it must still be that.
    #[param(rename = "If-Match", required = false, example = "\"3\"")]
    if_match: Option<String>,
}

/// What makes a write happen once.
#[derive(Debug, Clone)]
pub(crate) struct Once {
    /// Derived from the key and its scope.
    pub id: Uuid,
    /// A digest of what is asked.
    pub fingerprint: [u8; 32],
}

impl Once {
    /// What makes a write happen once that comes by `method` to `path` under `key`, with `content`.
    pub(crate) fn new(
        api: &Api,
        method: &str,
        path: &str,
        key: &IdempotencyKey,
        content: &[u8],
    ) -> Self {
        let scope = [api.tenant.as_str(), PRINCIPAL, method, path, key.as_str()];
        let digest = Sha256::new()
            .chain_update((path.len() as u64).to_be_bytes())
            .chain_update(path)
            .chain_update(content);
        Self {
            id: Uuid::new_v5(&KEYS, scope.join("\n").as_bytes()),
            fingerprint: digest.finalize().into(),
        }
    }
}

/// A write.
pub(crate) struct Write<B> {
    pub once: Once,
    /// The version that the sender saw.
    pub seen: Option<u64>,
    pub body: B,
}

impl<B: DeserializeOwned> FromRequest<NotifierApi> for Write<B> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &NotifierApi) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let StrictQuery(NoQuery {}) = StrictQuery::try_from_uri(&parts.uri)?;
        let key = IdempotencyKey::from_request_parts(&mut parts, api).await?;
        let IfMatch(seen) = IfMatch::from_request_parts(&mut parts, api).await?;
        let path = parts.uri.path().to_owned();
        let method = parts.method.clone();
        let request = Request::from_parts(parts, body);
        let StrictJson { value, raw } = StrictJson::from_request(request, api).await?;
        Ok(Self {
            once: Once::new(api, method.as_str(), &path, &key, &raw),
            seen,
            body: value,
        })
    }
}

/// What a path names.
pub(crate) struct Named(pub Uuid);

impl FromRequestParts<NotifierApi> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &NotifierApi) -> Result<Self, Problem> {
        let StrictPath(text) = StrictPath::<String>::from_request_parts(parts, api).await?;
        let rule = "must be a UUID";
        Uuid::parse_str(&text).map(Self).map_err(|_| {
            let name = match parts.uri.path().contains("/deliveries/") || is_of_email(parts) {
                true => "delivery_id",
                false => "webhook_id",
            };
            invalid_path(name, &format_args!("{name} {rule}"), rule)
        })
    }
}

fn is_of_email(parts: &Parts) -> bool {
    parts.uri.path().starts_with("/v1/emails")
}

/// A read: what is written here is seen at once, so a token of a write is only looked at.
pub(crate) struct Read;

impl FromRequestParts<NotifierApi> for Read {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &NotifierApi) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(CONSISTENCY_TOKEN) else {
            return Ok(Self);
        };
        let token = value.to_str().ok();
        let token = token.and_then(|text| text.parse::<ConsistencyToken>().ok());
        token.map(|_| Self).ok_or_else(|| {
            let detail = "it is not a token that this API has given out";
            Problem::bad_request(
                "INVALID_CONSISTENCY_TOKEN",
                format!("Consistency-Token: {detail}."),
            )
            .with_error("header:Consistency-Token", "INVALID", detail)
        })
    }
}
