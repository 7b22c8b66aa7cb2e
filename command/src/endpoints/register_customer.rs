//! `POST /v1/customers`

use crate::{
    CommandApi,
    answers::WriteProblems,
    customers::{CustomerAnswer, register},
    request::{Write, WriteHeaders},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::Problem;
use domain::{CustomerId, customer::Profile};
use serde::Deserialize;
use std::fmt;
use utoipa::ToSchema;

/// A customer to be registered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterCustomerBody {
    /// Which customer: as the shop numbers its customers.
    #[schema(value_type = String, example = "17850")]
    customer_id: CustomerId,
    /// What they are called: 1 to 200 characters.
    #[schema(example = "Ada Lovelace")]
    name: Option<String>,
    /// Where they get e-mail: 1 to 254 characters.
    #[schema(example = "ada@example.com")]
    email: Option<String>,
    /// Where they are called: 1 to 50 characters.
    phone: Option<String>,
}

impl fmt::Debug for RegisterCustomerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegisterCustomerBody({}, ..)", self.customer_id)
    }
}

/// Register a customer.
///
/// At least one of name, email and phone is required. They are sealed with a key of the customer's own,
/// and gone when the customer is erased. Whoever orders need not be registered.
#[utoipa::path(
    post,
    path = "/v1/customers",
    tag = "customers",
    params(WriteHeaders),
    request_body = RegisterCustomerBody,
    responses(
        (status = 201, description = "Registered.", body = CustomerAnswer,
            headers(("Location" = String, description = "The customer."))),
        WriteProblems,
    )
)]
pub(crate) async fn register_customer(
    State(api): State<CommandApi>,
    Write { request, body, .. }: Write<RegisterCustomerBody>,
) -> Result<Response, Problem> {
    let RegisterCustomerBody {
        customer_id,
        name,
        email,
        phone,
    } = body;
    let profile = Profile { name, email, phone };
    let done = register(&api, request, &customer_id, &profile).await?;
    let location = format!("/v1/customers/{customer_id}");
    let answer = CustomerAnswer {
        customer_id,
        version: done.version(),
    };
    done.answer(&api, StatusCode::CREATED, Some(location), &answer)
}
