//! `POST /v1/orders/bulk`

use super::place_order::LineBody;
use crate::{
    CommandApi,
    answers::BulkProblems,
    body::{AddressBody, optional_time},
    bulk::{Item, brief, when_free},
    execution::{CONSISTENCY_TOKEN, Done, answer, insert},
    placement::{NewOrder, place},
    request::CommandRequest,
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use bytes::Bytes;
use chassis::{
    Problem,
    extract::{IdempotencyKey, IfMatch, JsonLine, JsonLines, NoQuery, StrictQuery},
    layers::RequestContext,
    problem::ProblemDetails,
    token::ConsistencyToken,
};
use chrono::{DateTime, Utc};
use domain::{Currency, CustomerId, order::OrderTerms};
use futures::stream::try_unfold;
use serde::{Deserialize, Serialize};
use std::pin::pin;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

const PATH: &str = "/v1/orders/bulk";
/// How many wrong parts of an item are named.
const MAX_ERRORS: usize = 8;

/// The headers of a request of many orders.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it only describes what is taken from the request")]
pub(crate) struct BulkHeaders {
    /// Names this request, and with the number of its line each order that has no `idempotency_key` of
    /// its own. 1 to 255 visible ASCII characters, bare or quoted; a UUIDv7 serves best.
    #[param(rename = "Idempotency-Key", max_length = 257)]
    idempotency_key: String,
}

/// An order to be placed, as a line of many: as it is placed alone, with a key of its own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BulkOrderBody {
    /// Names this order among all that are placed by such requests: sent again, byte for byte the same
    /// line, in whichever request and place, it gets the first result again. If it is left out, it
    /// follows from the header Idempotency-Key and the number of the line.
    #[schema(max_length = 257)]
    idempotency_key: Option<String>,
    /// Who orders: as the shop numbers its customers.
    #[schema(value_type = String, example = "17850")]
    customer_id: CustomerId,
    /// ISO 4217; the currency of all prices.
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
    /// What is ordered: 1 to 1,000 lines; the same SKU may come in several.
    lines: Vec<LineBody>,
    /// What is taken off all lines together, beside their own discounts, in minor units; at most what
    /// they come to. It is shared out over them.
    #[schema(example = 500)]
    discount: Option<i64>,
    /// The tax of the whole order, in minor units. Where no line says its tax, it is shared out over
    /// them, and is at most what is taxed; else it must be the sum of theirs.
    tax: Option<i64>,
    /// Whether prices include tax; else it is added to them.
    #[serde(default)]
    tax_included: bool,
    /// The total that you expect, in minor units, with discounts and tax: refused if it is not the sum
    /// of the lines.
    total: Option<i64>,
    /// Where to.
    shipping_address: Option<AddressBody>,
    /// How it is paid: a token of the payment provider.
    #[schema(example = "tok_approve")]
    payment_method: String,
    /// Your own order number.
    reference: Option<String>,
    /// When the customer ordered, not before 1900; now, if it is left out. Time limits always count
    /// from now.
    #[serde(default, deserialize_with = "optional_time")]
    placed_at: Option<DateTime<Utc>>,
}

/// What became of all orders.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BulkAnswer {
    /// How many were placed now.
    done: usize,
    /// How many had been placed before.
    replayed: usize,
    /// How many were not placed.
    failed: usize,
    /// One for each line that is not blank, in their order.
    items: Vec<BulkResult>,
}

/// What became of one order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BulkResult {
    /// The number of its line in the body, from 1; blank lines are counted.
    line: u64,
    /// Its own key, if it has one that could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<String>,
    /// The status that a request for it alone would have been answered with: 201 if it is placed.
    #[schema(example = 201)]
    status: u16,
    /// The order, if it is placed.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<Uuid>,
    /// The version that it was placed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
    /// Whether it had been placed before.
    replayed: bool,
    /// Why it is not placed. Texts are cut after 300 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemDetails>,
}

/// Place many orders.
///
/// The body has an order in each line (NDJSON) and is worked off while it arrives: at most 10,000
/// orders, each no larger than a body may be alone. Each is placed as if it came alone, many at once, so
/// that one that is wrong stops no other; what became of each is answered in their order, when the last
/// has come. A request that breaks off or fails as a whole is sent again as it was: what was done is not
/// done twice.
#[utoipa::path(
    post,
    path = PATH,
    tag = "orders",
    params(BulkHeaders),
    request_body(
        content = BulkOrderBody,
        content_type = "application/x-ndjson",
        description = "An order in each line.",
    ),
    responses(
        (status = 207, description = "What became of each order.", body = BulkAnswer),
        BulkProblems,
    )
)]
pub(crate) async fn place_orders_bulk(
    State(api): State<CommandApi>,
    StrictQuery(NoQuery {}): StrictQuery<NoQuery>,
    key: IdempotencyKey,
    if_match: IfMatch,
    context: RequestContext,
    lines: JsonLines,
) -> Result<Response, Problem> {
    if if_match.0.is_some() {
        let detail = "a version says nothing of many orders";
        return Err(
            Problem::bad_request("INVALID_IF_MATCH", format!("If-Match: {detail}.")).with_error(
                "header:If-Match",
                "INVALID",
                detail,
            ),
        );
    }
    let items = try_unfold(lines, async |mut lines| {
        let line = lines.next().await?;
        Ok(line.map(|line| (item(line), lines)))
    });
    let request = Orders { api, key, context };
    let execute = |line| request.place(line);
    let placed = request.api.bulk.each(pin!(items), execute).await?;
    answered(placed)
}

fn item(line: JsonLine) -> Item<JsonLine> {
    Item {
        bytes: line.content.as_ref().map_or(0, Bytes::len),
        item: line,
    }
}

/// A request of many orders, but for these.
struct Orders {
    api: CommandApi,
    key: IdempotencyKey,
    context: RequestContext,
}

/// What became of an order, and what a read needs to see it.
type Placed = (BulkResult, Option<ConsistencyToken>);

impl Orders {
    async fn place(&self, line: JsonLine) -> Placed {
        let JsonLine { number, content } = line;
        let mut key = None;
        let placed = match content {
            Ok(content) => self.place_order(number, &content, &mut key).await,
            Err(too_long) => Err(too_long),
        };
        let result = BulkResult {
            line: number,
            status: StatusCode::CREATED.as_u16(),
            order_id: None,
            version: None,
            replayed: false,
            problem: None,
            idempotency_key: None,
        };
        match placed {
            Ok(done) => {
                let result = BulkResult {
                    order_id: done.key().parse().ok(),
                    version: Some(done.version()),
                    replayed: done.is_replayed(),
                    idempotency_key: key,
                    ..result
                };
                (result, done.token(&self.api))
            }
            Err(problem) => {
                let result = BulkResult {
                    status: problem.status().as_u16(),
                    problem: Some(details(&problem, key.is_some())),
                    idempotency_key: key,
                    ..result
                };
                (result, None)
            }
        }
    }

    /// Places the order in a line; `own_key` becomes the key that it brings along.
    async fn place_order(
        &self,
        line: u64,
        content: &[u8],
        own_key: &mut Option<String>,
    ) -> Result<Done, Problem> {
        let mut body: BulkOrderBody = JsonLine::parse(content)?;
        // No path has such a sign: what is named by its line is nothing that is named by a key.
        let (key, path) = match body.idempotency_key.take() {
            Some(key) => (parse_key(&key)?, PATH.to_owned()),
            None => (self.key.clone(), format!("{PATH}#{line}")),
        };
        if path == PATH {
            *own_key = Some(key.as_str().to_owned());
        }
        let mut parsed = Some(body);
        let again = || JsonLine::parse::<BulkOrderBody>(content).ok();
        when_free(|| {
            let body = parsed.take().map_or_else(|| JsonLine::parse(content), Ok);
            let (key, context) = (key.clone(), self.context.clone());
            let request = CommandRequest::of_part(&self.api, "POST", &path, content, key, context);
            async {
                let order: BulkOrderBody = body?;
                let again = || again().map(NewOrder::from);
                place(&self.api, request, order.into(), again).await
            }
        })
        .await
    }
}

fn parse_key(key: &str) -> Result<IdempotencyKey, Problem> {
    IdempotencyKey::parse(key).map_err(|rule| {
        let detail = format!("The field idempotency_key is wrong: {rule}.");
        Problem::bad_request("INVALID_IDEMPOTENCY_KEY", detail).with_error(
            "/idempotency_key",
            "INVALID",
            rule,
        )
    })
}

/// What is wrong with an order, in words for which there is room, and of its line.
fn details(problem: &Problem, has_own_key: bool) -> ProblemDetails {
    let mut details = problem.details().clone();
    details.detail = brief(&details.detail);
    details.errors.truncate(MAX_ERRORS);
    for error in &mut details.errors {
        if has_own_key && error.pointer == "header:Idempotency-Key" {
            error.pointer = "/idempotency_key".into();
        }
        error.pointer = brief(&error.pointer);
        error.detail = brief(&error.detail);
    }
    details
}

fn answered(placed: Vec<Placed>) -> Result<Response, Problem> {
    let (items, tokens): (Vec<BulkResult>, Vec<_>) = placed.into_iter().unzip();
    let failed = items.iter().filter(|item| item.problem.is_some()).count();
    let replayed = items.iter().filter(|item| item.replayed).count();
    let mut headers = HeaderMap::with_capacity(8);
    // The last of them is what a read needs to see all.
    let last = tokens
        .into_iter()
        .flatten()
        .max_by_key(|token| token.position);
    if let Some(token) = last {
        insert(&mut headers, CONSISTENCY_TOKEN, &token.to_string());
    }
    let body = BulkAnswer {
        done: items.len() - failed - replayed,
        replayed,
        failed,
        items,
    };
    answer(StatusCode::MULTI_STATUS, headers, &body)
}

impl From<BulkOrderBody> for NewOrder {
    fn from(body: BulkOrderBody) -> Self {
        Self {
            customer_id: body.customer_id,
            currency: body.currency,
            lines: body.lines.into_iter().map(Into::into).collect(),
            terms: OrderTerms {
                discount: body.discount.unwrap_or_default(),
                tax: body.tax,
                tax_included: body.tax_included,
            },
            total: body.total,
            shipping_address: body.shipping_address.map(Into::into),
            payment_method: body.payment_method,
            reference: body.reference,
            placed_at: body.placed_at,
        }
    }
}
