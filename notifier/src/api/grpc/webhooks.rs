//! `orders.v1.Webhooks`

use super::{answer, fields, message, write::write};
use crate::api::{
    Api, NotifierApi,
    body::{DeliveryItem, RedeliveredRange, Webhook, WebhookWithSecret},
    deliveries::{self, Way},
    endpoints::{
        change_webhook::ChangeWebhookBody, create_webhook::CreateWebhookBody,
        rotate_secret::RotateSecretBody,
    },
    request::NoBody,
    webhooks::{self, Switch},
};
use chassis::{Problem, grpc::context};
use proto::{
    timestamp,
    v1::{
        ChangeWebhookRequest, ChangeWebhookResponse, CreateWebhookRequest, CreateWebhookResponse,
        DeleteWebhookRequest, DeleteWebhookResponse, DisableWebhookRequest, DisableWebhookResponse,
        EnableWebhookRequest, EnableWebhookResponse, GetWebhookRequest, GetWebhookResponse,
        ListDeliveriesRequest, ListDeliveriesResponse, ListWebhooksRequest, ListWebhooksResponse,
        RedeliverDeliveriesRequest, RedeliverDeliveriesResponse, RedeliverDeliveryRequest,
        RedeliverDeliveryResponse, RotateWebhookSecretRequest, RotateWebhookSecretResponse,
        webhooks_server::Webhooks,
    },
};
use tonic::{Request, Response, Status, async_trait};

/// The service.
#[derive(Clone)]
pub(super) struct WebhookCalls(pub NotifierApi);

#[async_trait]
impl Webhooks for WebhookCalls {
    async fn create_webhook(
        &self,
        call: Request<CreateWebhookRequest>,
    ) -> Result<Response<CreateWebhookResponse>, Status> {
        let context = context(&call);
        answer(&context, create(&self.0, call.into_inner()).await)
    }

    async fn get_webhook(
        &self,
        call: Request<GetWebhookRequest>,
    ) -> Result<Response<GetWebhookResponse>, Status> {
        let context = context(&call);
        answer(&context, get(&self.0, call.into_inner()).await)
    }

    async fn list_webhooks(
        &self,
        call: Request<ListWebhooksRequest>,
    ) -> Result<Response<ListWebhooksResponse>, Status> {
        let context = context(&call);
        answer(&context, list(&self.0, call.into_inner()).await)
    }

    async fn change_webhook(
        &self,
        call: Request<ChangeWebhookRequest>,
    ) -> Result<Response<ChangeWebhookResponse>, Status> {
        let context = context(&call);
        answer(&context, change(&self.0, call.into_inner()).await)
    }

    async fn disable_webhook(
        &self,
        call: Request<DisableWebhookRequest>,
    ) -> Result<Response<DisableWebhookResponse>, Status> {
        let context = context(&call);
        answer(&context, disable(&self.0, call.into_inner()).await)
    }

    async fn enable_webhook(
        &self,
        call: Request<EnableWebhookRequest>,
    ) -> Result<Response<EnableWebhookResponse>, Status> {
        let context = context(&call);
        answer(&context, enable(&self.0, call.into_inner()).await)
    }

    async fn rotate_webhook_secret(
        &self,
        call: Request<RotateWebhookSecretRequest>,
    ) -> Result<Response<RotateWebhookSecretResponse>, Status> {
        let context = context(&call);
        answer(&context, rotate(&self.0, call.into_inner()).await)
    }

    async fn delete_webhook(
        &self,
        call: Request<DeleteWebhookRequest>,
    ) -> Result<Response<DeleteWebhookResponse>, Status> {
        let context = context(&call);
        answer(&context, delete(&self.0, call.into_inner()).await)
    }

    async fn list_deliveries(
        &self,
        call: Request<ListDeliveriesRequest>,
    ) -> Result<Response<ListDeliveriesResponse>, Status> {
        let context = context(&call);
        answer(&context, log(&self.0, call.into_inner()).await)
    }

    async fn redeliver_delivery(
        &self,
        call: Request<RedeliverDeliveryRequest>,
    ) -> Result<Response<RedeliverDeliveryResponse>, Status> {
        let context = context(&call);
        answer(&context, again(&self.0, call.into_inner()).await)
    }

    async fn redeliver_deliveries(
        &self,
        call: Request<RedeliverDeliveriesRequest>,
    ) -> Result<Response<RedeliverDeliveriesResponse>, Status> {
        let context = context(&call);
        answer(&context, all_again(&self.0, call.into_inner()).await)
    }
}

async fn create(
    api: &Api,
    message: CreateWebhookRequest,
) -> Result<CreateWebhookResponse, Problem> {
    let body = CreateWebhookBody {
        url: message.url.clone(),
        description: message.description.clone(),
        events: message.events.clone(),
    };
    let answered = webhooks::create(api, write(api, &message, body)?).await?;
    let (made, replayed) = answered.content::<WebhookWithSecret>()?;
    Ok(CreateWebhookResponse {
        webhook: Some(made.webhook.into()),
        secret: made.secret,
        replayed,
    })
}

async fn get(api: &Api, message: GetWebhookRequest) -> Result<GetWebhookResponse, Problem> {
    let id = fields::id("webhook_id", &message.webhook_id)?;
    let webhook = webhooks::get(api, id).await?;
    Ok(GetWebhookResponse {
        webhook: Some(webhook.into()),
    })
}

async fn list(api: &Api, message: ListWebhooksRequest) -> Result<ListWebhooksResponse, Problem> {
    let (limit, cursor) = fields::page(message.page_size, &message.page_token);
    let (webhooks, next_page_token) = message::page(webhooks::list(api, limit, cursor).await?);
    Ok(ListWebhooksResponse {
        webhooks,
        next_page_token,
    })
}

async fn change(
    api: &Api,
    message: ChangeWebhookRequest,
) -> Result<ChangeWebhookResponse, Problem> {
    let id = fields::id("webhook_id", &message.webhook_id)?;
    let body = ChangeWebhookBody {
        url: message.url.clone(),
        description: message.description.clone(),
        events: message.events.as_ref().map(|told| told.events.clone()),
    };
    let answered = webhooks::change(api, id, write(api, &message, body)?).await?;
    let (webhook, replayed) = answered.content::<Webhook>()?;
    Ok(ChangeWebhookResponse {
        webhook: Some(webhook.into()),
        replayed,
    })
}

async fn disable(
    api: &Api,
    message: DisableWebhookRequest,
) -> Result<DisableWebhookResponse, Problem> {
    let id = fields::id("webhook_id", &message.webhook_id)?;
    let write = write(api, &message, NoBody {})?;
    let answered = webhooks::switch(api, id, Switch::Off, write).await?;
    let (webhook, replayed) = answered.content::<Webhook>()?;
    Ok(DisableWebhookResponse {
        webhook: Some(webhook.into()),
        replayed,
    })
}

async fn enable(
    api: &Api,
    message: EnableWebhookRequest,
) -> Result<EnableWebhookResponse, Problem> {
    let id = fields::id("webhook_id", &message.webhook_id)?;
    let write = write(api, &message, NoBody {})?;
    let answered = webhooks::switch(api, id, Switch::On, write).await?;
    let (webhook, replayed) = answered.content::<Webhook>()?;
    Ok(EnableWebhookResponse {
        webhook: Some(webhook.into()),
        replayed,
    })
}

async fn rotate(
    api: &Api,
    message: RotateWebhookSecretRequest,
) -> Result<RotateWebhookSecretResponse, Problem> {
    let id = fields::id("webhook_id", &message.webhook_id)?;
    let body = RotateSecretBody {
        overlap_s: message.overlap_s,
    };
    let answered = webhooks::rotate(api, id, write(api, &message, body)?).await?;
    let (rotated, replayed) = answered.content::<WebhookWithSecret>()?;
    Ok(RotateWebhookSecretResponse {
        webhook: Some(rotated.webhook.into()),
        secret: rotated.secret,
        former_secret_until: rotated.former_secret_until.map(timestamp),
        replayed,
    })
}

async fn delete(
    api: &Api,
    message: DeleteWebhookRequest,
) -> Result<DeleteWebhookResponse, Problem> {
    let id = fields::id("webhook_id", &message.webhook_id)?;
    webhooks::delete(api, id).await?;
    Ok(DeleteWebhookResponse {})
}

async fn log(api: &Api, message: ListDeliveriesRequest) -> Result<ListDeliveriesResponse, Problem> {
    let id = fields::id("webhook_id", &message.webhook_id)?;
    let (limit, cursor) = fields::page(message.page_size, &message.page_token);
    let state = message.status.as_deref();
    let page = deliveries::list(api, Some(id), state, limit, cursor).await?;
    let (deliveries, next_page_token) = message::page(page);
    Ok(ListDeliveriesResponse {
        deliveries,
        next_page_token,
    })
}

async fn again(
    api: &Api,
    message: RedeliverDeliveryRequest,
) -> Result<RedeliverDeliveryResponse, Problem> {
    let id = fields::id("delivery_id", &message.delivery_id)?;
    let write = write(api, &message, NoBody {})?;
    let answered = deliveries::again(api, Way::Webhook, id, write).await?;
    let (delivery, replayed) = answered.content::<DeliveryItem>()?;
    Ok(RedeliverDeliveryResponse {
        delivery: Some(delivery.into()),
        replayed,
    })
}

async fn all_again(
    api: &Api,
    message: RedeliverDeliveriesRequest,
) -> Result<RedeliverDeliveriesResponse, Problem> {
    let id = fields::id("webhook_id", &message.webhook_id)?;
    let range = fields::range(
        message.from.as_ref(),
        message.to.as_ref(),
        message.include_delivered,
    )?;
    let write = write(api, &message, range)?;
    let answered = deliveries::all_again(api, Some(id), write).await?;
    let (done, replayed) = answered.content::<RedeliveredRange>()?;
    Ok(RedeliverDeliveriesResponse {
        redelivered: done.redelivered,
        has_more: done.has_more,
        replayed,
    })
}
