//! A request for a command, as every endpoint takes it.

use crate::{CommandApi, order_id};
use axum::extract::{FromRequest, FromRequestParts, Request};
use bytes::Bytes;
use chassis::{
    Problem,
    extract::{IdempotencyKey, IfMatch, NoQuery, StrictJson, StrictQuery},
    grpc::CALL,
    layers::RequestContext,
};
use domain::{Command, CommandEnvelope, CommandId, OrderId, ReturnId, Version};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use uuid::Uuid;

/// The namespace of command ids that are derived from idempotency keys.
const KEYS: Uuid = Uuid::from_u128(0x5b1f_64b0_9c1e_4b0c_8f1e_6a1d_2f3c_7a90);

/// The headers of a write.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it only describes what is taken from the request")]
pub(crate) struct WriteHeaders {
    /// Names this request: sent again, it gets the first answer again. 1 to 255 visible ASCII
    /// characters, bare or quoted. A UUIDv7 serves best: orders that it places get its time into
    /// their ids.
    #[param(rename = "Idempotency-Key", max_length = 257)]
    idempotency_key: String,
    /// The version that you saw, as its ETag, if it must still be that.
    #[param(rename = "If-Match", required = false, example = "\"3\"")]
    if_match: Option<String>,
}

/// The headers of a write that is about what was seen, and nothing else.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it only describes what is taken from the request")]
pub(crate) struct VersionHeaders {
    /// Names this request: sent again, it gets the first answer again. 1 to 255 visible ASCII
    /// characters, bare or quoted.
    #[param(rename = "Idempotency-Key", max_length = 257)]
    idempotency_key: String,
    /// The version that you saw, as its ETag: it must still be that.
    #[param(rename = "If-Match", example = "\"3\"")]
    if_match: String,
}

/// A write: what makes it happen once, who asks, and what is asked.
pub(crate) struct Write<B> {
    /// All of it but the body.
    pub request: CommandRequest,
    /// What is asked.
    pub body: B,
    /// The same, as it came.
    pub raw: Bytes,
}

/// A request for a command: what makes it happen once, and who asks.
pub(crate) struct CommandRequest {
    /// Derived from the key and its scope.
    pub id: CommandId,
    key: IdempotencyKey,
    fingerprint: [u8; 32],
    context: RequestContext,
    if_match: IfMatch,
}

impl<B: DeserializeOwned> FromRequest<CommandApi> for Write<B> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &CommandApi) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let StrictQuery(NoQuery {}) = StrictQuery::try_from_uri(&parts.uri)?;
        let Ok(context) = RequestContext::from_request_parts(&mut parts, api).await;
        let key = IdempotencyKey::from_request_parts(&mut parts, api).await?;
        let if_match = IfMatch::from_request_parts(&mut parts, api).await?;
        let id = command_id(api, parts.method.as_str(), parts.uri.path(), &key);
        let query = parts.uri.query().unwrap_or_default();
        let digest = digest(digest(Sha256::new(), parts.uri.path()), query);
        let request = Request::from_parts(parts, body);
        let StrictJson { value, raw } = StrictJson::from_request(request, api).await?;
        let request = CommandRequest {
            id,
            key,
            fingerprint: self::digest(digest, &raw).finalize().into(),
            context,
            if_match,
        };
        Ok(Self {
            request,
            body: value,
            raw,
        })
    }
}

/// The id of the command that `key` names, within tenant, principal, method and path.
fn command_id(api: &CommandApi, method: &str, path: &str, key: &IdempotencyKey) -> CommandId {
    let scope = [
        api.tenant.as_str(),
        api.actor.as_str(),
        method,
        path,
        key.as_str(),
    ];
    CommandId::new(Uuid::new_v5(&KEYS, scope.join("\n").as_bytes()))
}

/// Lengths keep the parts apart.
fn digest(digest: Sha256, part: impl AsRef<[u8]>) -> Sha256 {
    let part = part.as_ref();
    digest
        .chain_update((part.len() as u64).to_be_bytes())
        .chain_update(part)
}

impl CommandRequest {
    /// The request that a call is: of the method at `path`, with its message as `content`.
    pub(crate) fn of_call(
        api: &CommandApi,
        path: &'static str,
        content: &[u8],
        key: IdempotencyKey,
        if_match: IfMatch,
        context: RequestContext,
    ) -> Self {
        Self {
            if_match,
            ..Self::of_part(api, CALL, path, content, key, context)
        }
    }

    /// The request that is a part of another, which came by `method` to `path`: its `content`, under a
    /// key that names it there.
    pub(crate) fn of_part(
        api: &CommandApi,
        method: &'static str,
        path: &str,
        content: &[u8],
        key: IdempotencyKey,
        context: RequestContext,
    ) -> Self {
        let id = command_id(api, method, path, &key);
        let digest = digest(digest(Sha256::new(), path), content);
        Self {
            id,
            key,
            fingerprint: digest.finalize().into(),
            context,
            if_match: IfMatch(None),
        }
    }

    /// The same, if it says which version was seen: what it asks for is about that, and nothing else.
    ///
    /// # Errors
    /// 428: it does not say so.
    pub(crate) fn of_seen_version(self) -> Result<Self, Problem> {
        self.if_match.required()?;
        Ok(self)
    }

    /// The id of the order that this request places.
    pub(crate) fn order_id(&self) -> OrderId {
        order_id::of(self.id, &self.key)
    }

    /// The id of the return that this request asks for.
    pub(crate) fn return_id(&self) -> ReturnId {
        order_id::of_return(self.id, &self.key)
    }

    /// The envelope of `command`.
    pub(crate) fn envelope(self, api: &CommandApi, command: Command) -> CommandEnvelope {
        let seen = self.if_match.0;
        CommandEnvelope {
            id: self.id,
            fingerprint: Some(self.fingerprint),
            tenant: api.tenant.clone(),
            actor: api.actor.clone(),
            correlation_id: self.id.uuid(),
            causation_id: None,
            traceparent: Some(self.context.trace.to_string()),
            occurred_at: api.clock.now(),
            expected: seen.map(|version| Version::new(i64::try_from(version).unwrap_or(i64::MAX))),
            command,
        }
    }
}
