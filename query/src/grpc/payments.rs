//! `orders.v1.PaymentQueries`

use super::{failed, fields};
use crate::{
    api::Api,
    body::Money,
    orders::list,
    payments::{
        ActionBody, AuthorizationBody, CaptureBody, DisputeBody, PaymentBody, PaymentItem,
        RefundBody, StrayBody, get,
    },
};
use chassis::{Problem, grpc::context};
use proto::{
    timestamp,
    v1::{
        self, GetPaymentRequest, GetPaymentResponse, ListPaymentsRequest, ListPaymentsResponse,
        payment_queries_server::PaymentQueries,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};
use uuid::Uuid;

/// The service.
#[derive(Clone)]
pub(super) struct Payments(pub Arc<Api>);

#[async_trait]
impl PaymentQueries for Payments {
    async fn get_payment(
        &self,
        call: Request<GetPaymentRequest>,
    ) -> Result<Response<GetPaymentResponse>, Status> {
        let context = context(&call);
        let found = get_payment(&self.0, &call.into_inner()).await;
        found
            .map(Response::new)
            .map_err(|problem| failed(&context, problem))
    }

    async fn list_payments(
        &self,
        call: Request<ListPaymentsRequest>,
    ) -> Result<Response<ListPaymentsResponse>, Status> {
        let context = context(&call);
        let listed = list_payments(&self.0, &call.into_inner()).await;
        listed
            .map(Response::new)
            .map_err(|problem| failed(&context, problem))
    }
}

async fn get_payment(
    api: &Api,
    message: &GetPaymentRequest,
) -> Result<GetPaymentResponse, Problem> {
    let order_id = fields::order_id(&message.order_id)?;
    // Every write is seen: a token is only looked at.
    fields::writes(message.read_your_writes.as_ref())?;
    get(api, order_id, |_, payment| {
        Ok(GetPaymentResponse {
            payment: Some(payment.into()),
        })
    })
    .await
}

async fn list_payments(
    api: &Api,
    message: &ListPaymentsRequest,
) -> Result<ListPaymentsResponse, Problem> {
    let filters = fields::payment_filters(message)?;
    let page = fields::page(message.page_size, &message.page_token);
    let writes = fields::writes(message.read_your_writes.as_ref())?;
    let listed = list(api, &filters, page, &writes, |page| {
        let page = PaymentItem::page(page);
        Ok(ListPaymentsResponse {
            payments: page.items.iter().map(Into::into).collect(),
            next_page_token: page.next_cursor.unwrap_or_default(),
            previous_page_token: page.prev_cursor.unwrap_or_default(),
            as_of: Some(page.as_of.into()),
        })
    })
    .await?;
    Ok(listed.answer)
}

fn money(money: Money<'_>) -> Option<v1::Money> {
    Some(money.into())
}

fn id(id: Option<Uuid>) -> Option<String> {
    id.map(|id| id.to_string())
}

impl From<&PaymentBody<'_>> for v1::Payment {
    fn from(payment: &PaymentBody<'_>) -> Self {
        Self {
            order_id: payment.order_id.to_string(),
            version: payment.version,
            etag: format!("\"{}\"", payment.version),
            status: payment.status.into(),
            amount: payment.amount.and_then(money),
            attempt: payment.attempt,
            parked: payment.parked,
            authorization: payment.authorization.as_ref().map(Into::into),
            captured: payment.captured,
            refunded: payment.refunded,
            disputed: payment.disputed,
            lost: payment.lost,
            captures: payment.captures.iter().map(Into::into).collect(),
            refunds: payment.refunds.iter().map(Into::into).collect(),
            disputes: payment.disputes.iter().map(Into::into).collect(),
            strays: payment.strays.iter().map(Into::into).collect(),
            action: payment.action.as_ref().map(Into::into),
        }
    }
}

impl From<&ActionBody<'_>> for v1::PaymentAction {
    fn from(action: &ActionBody<'_>) -> Self {
        Self {
            url: action.url.into(),
            until: action.until.map(timestamp),
        }
    }
}

impl From<&AuthorizationBody<'_>> for v1::PaymentAuthorization {
    fn from(known: &AuthorizationBody<'_>) -> Self {
        Self {
            authorization_id: known.authorization_id.into(),
            amount: money(known.amount),
            expires_at: known.expires_at.map(timestamp),
        }
    }
}

impl From<&CaptureBody<'_>> for v1::PaymentCapture {
    fn from(capture: &CaptureBody<'_>) -> Self {
        Self {
            shipment_id: id(capture.shipment_id),
            amount: money(capture.amount),
            status: capture.status.into(),
            attempt: capture.attempt,
        }
    }
}

impl From<&RefundBody<'_>> for v1::PaymentRefund {
    fn from(refund: &RefundBody<'_>) -> Self {
        Self {
            refund: refund.refund,
            shipment_id: id(refund.shipment_id),
            return_id: id(refund.return_id),
            amount: money(refund.amount),
            reason: refund.reason.into(),
            status: refund.status.into(),
            problem: refund.problem.map(Into::into),
        }
    }
}

impl From<&DisputeBody<'_>> for v1::PaymentDispute {
    fn from(dispute: &DisputeBody<'_>) -> Self {
        Self {
            dispute_id: dispute.dispute_id.into(),
            amount: money(dispute.amount),
            reason: dispute.reason.into(),
            status: dispute.status.into(),
        }
    }
}

impl From<&StrayBody<'_>> for v1::PaymentStray {
    fn from(stray: &StrayBody<'_>) -> Self {
        Self {
            authorization_id: stray.authorization_id.into(),
            amount: money(stray.amount),
            voided: stray.voided,
            former: stray.former,
        }
    }
}

impl From<&PaymentItem<'_>> for v1::PaymentSummary {
    fn from(item: &PaymentItem<'_>) -> Self {
        Self {
            order_id: item.order_id.to_string(),
            status: item.status.into(),
            amount: money(item.amount),
            captured: item.captured,
            refunded: item.refunded,
            lost: item.lost,
            customer_id: item.customer_id.into(),
            placed_at: Some(timestamp(item.placed_at)),
            updated_at: Some(timestamp(item.updated_at)),
        }
    }
}
