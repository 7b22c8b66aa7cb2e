//! `orders.v1.CustomerQueries`

use super::{failed, fields};
use crate::{
    api::Api,
    customers::{Customer, CustomerSales, get, orders},
    orders::Filters,
    sales::Worth,
};
use chassis::{Problem, grpc::context};
use proto::{
    timestamp,
    v1::{
        self, GetCustomerRequest, GetCustomerResponse, ListCustomerOrdersRequest,
        ListCustomerOrdersResponse, ListOrdersRequest, customer_queries_server::CustomerQueries,
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

/// The service.
#[derive(Clone)]
pub(super) struct Customers(pub Arc<Api>);

#[async_trait]
impl CustomerQueries for Customers {
    async fn get_customer(
        &self,
        call: Request<GetCustomerRequest>,
    ) -> Result<Response<GetCustomerResponse>, Status> {
        let context = context(&call);
        let found = get_customer(&self.0, &call.into_inner()).await;
        found
            .map(Response::new)
            .map_err(|problem| failed(&context, problem))
    }

    async fn list_customer_orders(
        &self,
        call: Request<ListCustomerOrdersRequest>,
    ) -> Result<Response<ListCustomerOrdersResponse>, Status> {
        let context = context(&call);
        let listed = list_customer_orders(&self.0, &call.into_inner()).await;
        listed
            .map(Response::new)
            .map_err(|problem| failed(&context, problem))
    }
}

async fn get_customer(
    api: &Api,
    message: &GetCustomerRequest,
) -> Result<GetCustomerResponse, Problem> {
    let customer_id = fields::customer_id(&message.customer_id)?;
    let writes = fields::writes(message.read_your_writes.as_ref())?;
    get(api, &customer_id, &writes, |customer| {
        Ok(GetCustomerResponse {
            as_of: Some(customer.as_of.into()),
            customer: Some(customer.into()),
        })
    })
    .await
}

async fn list_customer_orders(
    api: &Api,
    message: &ListCustomerOrdersRequest,
) -> Result<ListCustomerOrdersResponse, Problem> {
    let customer_id = fields::customer_id(&message.customer_id)?;
    let filters: Filters = fields::filters(&ListOrdersRequest {
        customer_id: Some(message.customer_id.clone()),
        sort: message.sort,
        ..ListOrdersRequest::default()
    })?;
    let page = fields::page(message.page_size, &message.page_token);
    let writes = fields::writes(message.read_your_writes.as_ref())?;
    orders(api, &customer_id, &filters, page, &writes, |page| {
        Ok(ListCustomerOrdersResponse {
            orders: page.items.iter().map(Into::into).collect(),
            next_page_token: page.next_cursor.clone().unwrap_or_default(),
            previous_page_token: page.prev_cursor.clone().unwrap_or_default(),
            as_of: Some(page.as_of.into()),
        })
    })
    .await
}

impl From<Customer<'_>> for v1::Customer {
    fn from(customer: Customer<'_>) -> Self {
        let profile = v1::Profile {
            name: customer.name,
            email: customer.email,
            phone: customer.phone,
        };
        Self {
            customer_id: customer.customer_id.into(),
            version: customer.version,
            etag: match customer.version {
                0 => String::new(),
                version => format!("\"{version}\""),
            },
            profile: (profile != v1::Profile::default()).then_some(profile),
            erased: customer.erased,
            orders: customer.orders,
            first_order_at: customer.first_order_at.map(timestamp),
            last_order_at: customer.last_order_at.map(timestamp),
            currencies: customer.currencies.iter().map(Into::into).collect(),
        }
    }
}

impl From<&CustomerSales<'_>> for v1::CustomerSales {
    fn from(sales: &CustomerSales<'_>) -> Self {
        let by = &sales.sales;
        let all = Worth {
            orders: by.orders,
            total: by.total,
        };
        Self {
            currency: by.currency.into(),
            all: Some(all.into()),
            confirmed: Some(by.confirmed.into()),
            completed: Some(by.completed.into()),
            cancelled: Some(by.cancelled.into()),
            rejected: Some(by.rejected.into()),
            expired: Some(by.expired.into()),
            open: Some(by.open.into()),
            first_order_at: Some(timestamp(sales.first_order_at)),
            last_order_at: Some(timestamp(sales.last_order_at)),
        }
    }
}

impl From<Worth<'_>> for v1::Worth {
    fn from(worth: Worth<'_>) -> Self {
        Self {
            orders: worth.orders,
            total: worth.total.amount.to_string(),
        }
    }
}
