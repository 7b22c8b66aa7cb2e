//! `orders.v1.OrderQueries`

use super::{failed, fields, watch::watch};
use crate::{
    api::Api,
    orders::{diff, get, list, timeline},
};
use chassis::{Problem, grpc::context};
use futures::stream::BoxStream;
use proto::v1::{
    DiffOrderRequest, DiffOrderResponse, GetOrderRequest, GetOrderResponse, ListOrderEventsRequest,
    ListOrderEventsResponse, ListOrdersRequest, ListOrdersResponse, WatchOrderRequest,
    WatchOrderResponse, order_queries_server::OrderQueries,
};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

/// The service.
#[derive(Clone)]
pub(super) struct Queries(pub Arc<Api>);

#[async_trait]
impl OrderQueries for Queries {
    async fn get_order(
        &self,
        call: Request<GetOrderRequest>,
    ) -> Result<Response<GetOrderResponse>, Status> {
        let context = context(&call);
        let found = get_order(&self.0, &call.into_inner()).await;
        found
            .map(Response::new)
            .map_err(|problem| failed(&context, problem))
    }

    async fn list_orders(
        &self,
        call: Request<ListOrdersRequest>,
    ) -> Result<Response<ListOrdersResponse>, Status> {
        let context = context(&call);
        let listed = list_orders(&self.0, &call.into_inner()).await;
        listed
            .map(Response::new)
            .map_err(|problem| failed(&context, problem))
    }

    async fn list_order_events(
        &self,
        call: Request<ListOrderEventsRequest>,
    ) -> Result<Response<ListOrderEventsResponse>, Status> {
        let context = context(&call);
        let listed = list_order_events(&self.0, &call.into_inner()).await;
        listed
            .map(Response::new)
            .map_err(|problem| failed(&context, problem))
    }

    async fn diff_order(
        &self,
        call: Request<DiffOrderRequest>,
    ) -> Result<Response<DiffOrderResponse>, Status> {
        let context = context(&call);
        let told = diff_order(&self.0, &call.into_inner()).await;
        told.map(Response::new)
            .map_err(|problem| failed(&context, problem))
    }

    type WatchOrderStream = BoxStream<'static, Result<WatchOrderResponse, Status>>;

    async fn watch_order(
        &self,
        call: Request<WatchOrderRequest>,
    ) -> Result<Response<Self::WatchOrderStream>, Status> {
        let context = context(&call);
        let watched = watch(Arc::clone(&self.0), context.clone(), &call.into_inner()).await;
        watched
            .map(Response::new)
            .map_err(|problem| failed(&context, problem))
    }
}

async fn get_order(api: &Api, message: &GetOrderRequest) -> Result<GetOrderResponse, Problem> {
    let order_id = fields::order_id(&message.order_id)?;
    let at = fields::at(message.at.as_ref())?;
    let writes = fields::writes(message.read_your_writes.as_ref())?;
    let got = get(api, order_id, at, writes).await?;
    let order = got.order(api).await?;
    Ok(GetOrderResponse {
        as_of: order.as_of.map(Into::into),
        order: Some(order.into()),
        from_stream: got.is_folded(),
    })
}

async fn diff_order(api: &Api, message: &DiffOrderRequest) -> Result<DiffOrderResponse, Problem> {
    let order_id = fields::order_id(&message.order_id)?;
    let moments = fields::moments(message)?;
    diff(api, order_id, moments, |diff| Ok(diff.into())).await
}

async fn list_orders(
    api: &Api,
    message: &ListOrdersRequest,
) -> Result<ListOrdersResponse, Problem> {
    let filters = fields::filters(message)?;
    let page = fields::page(message.page_size, &message.page_token);
    let writes = fields::writes(message.read_your_writes.as_ref())?;
    let listed = list(api, &filters, page, &writes, |page| Ok(page.into())).await?;
    Ok(listed.answer)
}

async fn list_order_events(
    api: &Api,
    message: &ListOrderEventsRequest,
) -> Result<ListOrderEventsResponse, Problem> {
    let order_id = fields::order_id(&message.order_id)?;
    let page = fields::page(message.page_size, &message.page_token);
    let writes = fields::writes(message.read_your_writes.as_ref())?;
    timeline(api, order_id, page, &writes, |page| Ok(page.into())).await
}
