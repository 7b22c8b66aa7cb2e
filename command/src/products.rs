//! Products: listed, priced and delisted, whichever way it is asked for; and whether those that an order
//! names are listed.

use crate::{CommandApi, execution::Done, problem, request::CommandRequest};
use chassis::Problem;
use domain::{
    Command, Sku, State, StreamId, Version,
    order::NewLine,
    product::{Product, ProductCommand, ProductError},
};
use futures::future::try_join_all;
use serde::Serialize;
use std::collections::BTreeMap;
use store::{Until, fold_stream};
use utoipa::ToSchema;

/// How many streams of products are read at once for one order.
const AT_ONCE: usize = 16;

/// A product that was changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProductAnswer {
    /// The SKU.
    #[schema(value_type = String, example = "85123A")]
    pub sku: Sku,
    /// The version of its stream; also its ETag.
    pub version: i64,
    /// `listed` or `delisted`.
    #[schema(example = "listed")]
    pub status: &'static str,
    /// What may be asked of it now.
    pub allowed_commands: Vec<&'static str>,
}

/// What a command to a product led to.
pub(crate) struct Changed {
    pub done: Done,
    pub body: ProductAnswer,
}

/// Puts a command to a product.
pub(crate) async fn put(
    api: &CommandApi,
    request: CommandRequest,
    command: ProductCommand,
) -> Result<Changed, Problem> {
    let sku = command.sku().clone();
    let done = request
        .execute_for_state(api, Command::Product(command))
        .await?;
    let state = done.state(api).await?;
    let State::Product(product) = state.as_ref() else {
        tracing::error!(%sku, "the stream of product {sku} is another's");
        return Err(Problem::internal());
    };
    let body = ProductAnswer {
        sku,
        version: done.version(),
        status: match product.is_listed() {
            true => "listed",
            false => "delisted",
        },
        allowed_commands: product.allowed_commands(),
    };
    Ok(Changed { done, body })
}

/// Checks that all that `lines` name is listed, where the shop wants that. It is looked at when the order
/// comes: what is delisted at the same moment may still be in it.
///
/// # Errors
/// 409: a line names what was never listed, or is not any more; 503: not now.
pub(crate) async fn check_listed(api: &CommandApi, lines: &[NewLine]) -> Result<(), Problem> {
    if !api.only_listed {
        return Ok(());
    }
    let mut first: BTreeMap<&Sku, usize> = BTreeMap::new();
    for (index, line) in lines.iter().enumerate() {
        first.entry(&line.sku).or_insert(index + 1);
    }
    let mut wrong: Option<(usize, ProductError)> = None;
    let named: Vec<(&Sku, usize)> = first.into_iter().collect();
    for some in named.chunks(AT_ONCE) {
        let products = try_join_all(some.iter().map(|(sku, _)| product(api, sku))).await?;
        for ((sku, line), product) in some.iter().zip(products) {
            let (line, sku) = (*line, sku.as_str().to_owned());
            let error = match product {
                Product::Listed(_) => continue,
                Product::Absent => ProductError::NotListed { line, sku },
                Product::Delisted(_) => ProductError::OrderedDelisted { line, sku },
            };
            // The first line that is wrong is named, in whatever order they are looked up.
            if wrong.as_ref().is_none_or(|(known, _)| line < *known) {
                wrong = Some((line, error));
            }
        }
    }
    match wrong {
        None => Ok(()),
        Some((_, error)) => Err(problem::refused(error.into(), Version::ZERO)),
    }
}

async fn product(api: &CommandApi, sku: &Sku) -> Result<Product, Problem> {
    let stream = StreamId::product(&api.tenant, sku);
    let folded = fold_stream(api.reader.as_ref(), &stream, Until::End).await;
    let folded = folded.map_err(|error| problem::unfoldable(error, &stream))?;
    match folded.state {
        State::Product(product) => Ok(product),
        _ => Err(Problem::internal()),
    }
}
