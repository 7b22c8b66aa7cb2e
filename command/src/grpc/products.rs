//! `orders.v1.ProductCommands`

use super::{
    fields::{money, sku},
    order::receipt,
    write::{answer, request},
};
use crate::{
    CommandApi,
    products::{Changed, put},
};
use chassis::{Problem, grpc::context, layers::RequestContext};
use domain::product::{DelistProduct, ListProduct, PriceProduct, ProductCommand};
use proto::v1::{
    DelistProductRequest, DelistProductResponse, ListProductRequest, ListProductResponse,
    PriceProductRequest, PriceProductResponse, ProductState, Receipt,
    product_commands_server::ProductCommands,
};
use tonic::{Request, Response, Status, async_trait};

/// The service.
#[derive(Clone)]
pub(super) struct Products(pub CommandApi);

#[async_trait]
impl ProductCommands for Products {
    async fn list_product(
        &self,
        call: Request<ListProductRequest>,
    ) -> Result<Response<ListProductResponse>, Status> {
        let context = context(&call);
        let listed = list_product(&self.0, context.clone(), call.into_inner()).await;
        let answered = listed.map(|(product, receipt)| ListProductResponse {
            product: Some(product),
            receipt: Some(receipt),
        });
        answer(&context, answered)
    }

    async fn price_product(
        &self,
        call: Request<PriceProductRequest>,
    ) -> Result<Response<PriceProductResponse>, Status> {
        let context = context(&call);
        let priced = price_product(&self.0, context.clone(), call.into_inner()).await;
        let answered = priced.map(|(product, receipt)| PriceProductResponse {
            product: Some(product),
            receipt: Some(receipt),
        });
        answer(&context, answered)
    }

    async fn delist_product(
        &self,
        call: Request<DelistProductRequest>,
    ) -> Result<Response<DelistProductResponse>, Status> {
        let context = context(&call);
        let delisted = delist_product(&self.0, context.clone(), call.into_inner()).await;
        let answered = delisted.map(|(product, receipt)| DelistProductResponse {
            product: Some(product),
            receipt: Some(receipt),
        });
        answer(&context, answered)
    }
}

async fn list_product(
    api: &CommandApi,
    context: RequestContext,
    message: ListProductRequest,
) -> Result<(ProductState, Receipt), Problem> {
    let request = request(api, context, &message)?;
    let command = ProductCommand::List(ListProduct {
        sku: sku(&message.sku)?,
        name: message.name,
        price: money("/price", message.price.as_ref())?,
    });
    Ok(state(api, put(api, request, command).await?))
}

async fn price_product(
    api: &CommandApi,
    context: RequestContext,
    message: PriceProductRequest,
) -> Result<(ProductState, Receipt), Problem> {
    let request = request(api, context, &message)?;
    let command = ProductCommand::Price(PriceProduct {
        sku: sku(&message.sku)?,
        price: money("/price", message.price.as_ref())?,
    });
    Ok(state(api, put(api, request, command).await?))
}

async fn delist_product(
    api: &CommandApi,
    context: RequestContext,
    message: DelistProductRequest,
) -> Result<(ProductState, Receipt), Problem> {
    let request = request(api, context, &message)?;
    let command = ProductCommand::Delist(DelistProduct {
        sku: sku(&message.sku)?,
        reason: message.reason,
    });
    Ok(state(api, put(api, request, command).await?))
}

fn state(api: &CommandApi, changed: Changed) -> (ProductState, Receipt) {
    let receipt = receipt(api, &changed.done);
    let body = changed.body;
    let state = ProductState {
        sku: body.sku.as_str().into(),
        status: body.status.into(),
        allowed_commands: body.allowed_commands.into_iter().map(Into::into).collect(),
    };
    (state, receipt)
}
