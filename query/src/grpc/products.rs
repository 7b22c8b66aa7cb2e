//! `orders.v1.ProductQueries`

use super::{failed, fields};
use crate::{
    api::Api,
    body::Money,
    products::{Filters, ListingStatus, ProductBody, get, list},
};
use chassis::{Problem, grpc::context};
use proto::{
    timestamp,
    v1::{
        self, GetProductRequest, GetProductResponse, ListProductsRequest, ListProductsResponse,
        product_queries_server::ProductQueries,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

/// The service.
#[derive(Clone)]
pub(super) struct Products(pub Arc<Api>);

#[async_trait]
impl ProductQueries for Products {
    async fn get_product(
        &self,
        call: Request<GetProductRequest>,
    ) -> Result<Response<GetProductResponse>, Status> {
        let context = context(&call);
        let found = get_product(&self.0, &call.into_inner()).await;
        found
            .map(Response::new)
            .map_err(|problem| failed(&context, problem))
    }

    async fn list_products(
        &self,
        call: Request<ListProductsRequest>,
    ) -> Result<Response<ListProductsResponse>, Status> {
        let context = context(&call);
        let listed = list_products(&self.0, &call.into_inner()).await;
        listed
            .map(Response::new)
            .map_err(|problem| failed(&context, problem))
    }
}

async fn get_product(
    api: &Api,
    message: &GetProductRequest,
) -> Result<GetProductResponse, Problem> {
    let sku = fields::sku(&message.sku)?;
    let writes = fields::writes(message.read_your_writes.as_ref())?;
    get(api, &sku, &writes, |product| {
        Ok(GetProductResponse {
            product: Some(product.into()),
        })
    })
    .await
}

async fn list_products(
    api: &Api,
    message: &ListProductsRequest,
) -> Result<ListProductsResponse, Problem> {
    let filters = Filters {
        status: fields::one_of("status", message.status.as_deref())?,
    };
    let page = fields::page(message.page_size, &message.page_token);
    let writes = fields::writes(message.read_your_writes.as_ref())?;
    list(api, &filters, page, &writes, |page| {
        Ok(ListProductsResponse {
            products: page.items.iter().map(Into::into).collect(),
            next_page_token: page.next_cursor.clone().unwrap_or_default(),
            previous_page_token: page.prev_cursor.clone().unwrap_or_default(),
            as_of: Some(page.as_of.into()),
        })
    })
    .await
}

impl From<&ProductBody<'_>> for v1::Product {
    fn from(product: &ProductBody<'_>) -> Self {
        let prices = product.prices.iter().map(|price| Money::from(price).into());
        Self {
            sku: product.sku.into(),
            version: product.version,
            etag: format!("\"{}\"", product.version),
            name: product.name.into(),
            status: match product.status {
                ListingStatus::Listed => "listed".into(),
                ListingStatus::Delisted => "delisted".into(),
            },
            prices: prices.collect(),
            reason: product.reason.map(Into::into),
            allowed_commands: product
                .allowed_commands
                .iter()
                .map(|name| (*name).into())
                .collect(),
            listed_at: Some(timestamp(product.listed_at)),
            delisted_at: product.delisted_at.map(timestamp),
            updated_at: Some(timestamp(product.updated_at)),
        }
    }
}
