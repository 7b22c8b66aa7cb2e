//! The payment provider over HTTP.

mod answer;

use super::{
    Authorization, AuthorizeRequest, CallError, CircuitState, GuardOptions, InvalidParticipant,
    PaymentProvider,
};
use crate::participant::http::{Dialect, HttpCaller};
use answer::{by_itself, capture, refund, release, stands, void};
use async_trait::async_trait;
use domain::{Currency, Money};
use serde::Serialize;
use std::time::Duration;

/// How the provider speaks.
static DIALECT: Dialect = Dialect {
    name: "payment",
    who: "the provider",
    final_conflicts: &[
        "AUTHORIZATION_DECLINED",
        "AUTHORIZATION_VOIDED",
        "AUTHORIZATION_CAPTURED",
        "AUTHORIZATION_NOT_CAPTURED",
        "AUTHORIZATION_EXPIRED",
    ],
    not_found: "AUTHORIZATION_NOT_FOUND",
};

/// The payment provider over HTTP.
pub struct HttpPaymentProvider {
    http: HttpCaller,
}

#[derive(Serialize)]
struct AuthorizeBody<'a> {
    reference: String,
    amount: i64,
    currency: Currency,
    payment_method: &'a str,
}

#[derive(Serialize)]
struct AmountBody {
    amount: i64,
    currency: Currency,
}

/// No more will be captured: the provider lets go of the rest.
#[derive(Serialize)]
struct LastCaptureBody {
    amount: i64,
    currency: Currency,
    last: bool,
}

#[derive(Serialize)]
struct NoBody {}

impl HttpPaymentProvider {
    /// The provider at `url`; a call that takes longer than `timeout` has an unknown outcome.
    pub fn new(url: &str, timeout: Duration) -> Result<Self, InvalidParticipant> {
        let http = HttpCaller::new(url, timeout, &DIALECT)?;
        Ok(Self { http })
    }

    /// The same, and it is called, or left alone, as `options` say.
    #[must_use]
    pub fn with_guard(self, options: &GuardOptions) -> Self {
        let http = self.http.with_guard(options);
        Self { http }
    }
}

impl From<Money> for AmountBody {
    fn from(money: Money) -> Self {
        Self {
            amount: money.amount,
            currency: money.currency,
        }
    }
}

#[async_trait]
impl PaymentProvider for HttpPaymentProvider {
    fn circuit(&self) -> CircuitState {
        self.http.circuit()
    }

    fn away(&self) -> Option<Duration> {
        self.http.away()
    }

    async fn authorize(&self, request: &AuthorizeRequest) -> Result<Authorization, CallError> {
        let body = AuthorizeBody {
            reference: request.order_id.to_string(),
            amount: request.amount.amount,
            currency: request.amount.currency,
            payment_method: &request.payment_method,
        };
        let (path, key) = (["authorizations"], &request.idempotency_key);
        by_itself(&self.http.post(&path, key, &body).await?)
    }

    async fn inquire(&self, idempotency_key: &str) -> Result<Authorization, CallError> {
        let path = ["authorizations", "by-key", idempotency_key];
        stands(&self.http.get(&path).await?)
    }

    async fn void(&self, authorization_id: &str, idempotency_key: &str) -> Result<(), CallError> {
        let path = ["authorizations", authorization_id, "void"];
        let answer = self.http.post(&path, idempotency_key, &NoBody {}).await?;
        void(&answer, authorization_id)
    }

    async fn capture(
        &self,
        authorization_id: &str,
        amount: Money,
        idempotency_key: &str,
    ) -> Result<(), CallError> {
        let path = ["authorizations", authorization_id, "captures"];
        let body = AmountBody::from(amount);
        let answer = self.http.post(&path, idempotency_key, &body).await?;
        capture(&answer, authorization_id, amount)
    }

    async fn capture_last(
        &self,
        authorization_id: &str,
        amount: Money,
        idempotency_key: &str,
    ) -> Result<(), CallError> {
        let path = ["authorizations", authorization_id, "captures"];
        let body = LastCaptureBody {
            amount: amount.amount,
            currency: amount.currency,
            last: true,
        };
        let answer = self.http.post(&path, idempotency_key, &body).await?;
        capture(&answer, authorization_id, amount)
    }

    async fn release(
        &self,
        authorization_id: &str,
        idempotency_key: &str,
    ) -> Result<(), CallError> {
        let path = ["authorizations", authorization_id, "release"];
        let answer = self.http.post(&path, idempotency_key, &NoBody {}).await?;
        release(&answer, authorization_id)
    }

    async fn refund(
        &self,
        authorization_id: &str,
        amount: Money,
        idempotency_key: &str,
    ) -> Result<(), CallError> {
        let path = ["authorizations", authorization_id, "refunds"];
        let body = AmountBody::from(amount);
        let answer = self.http.post(&path, idempotency_key, &body).await?;
        refund(&answer, authorization_id, amount)
    }
}
