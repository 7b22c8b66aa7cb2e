//! Whom an e-mail goes to: looked up when it is sent, and kept nowhere.

use super::template::About;
use crate::{error::NotifyError, notice::NoticeKind, storage::Claimed};
use domain::{
    CustomerId, Event, Money, OrderId, State, StreamId, TenantId, Version,
    customer::{Customer, Profile},
    order::OrderEvent,
};
use serde::Deserialize;
use store::{EventReader, Until, fold_stream};
use vault::{Opened, Vault};

/// Whom an e-mail goes to, and what it is about.
pub(super) struct Letter {
    pub profile: Profile,
    pub about: About,
}

/// Why nobody is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nobody {
    Erased,
    Unknown,
    NoAddress,
}

impl Nobody {
    /// In words.
    pub(super) const fn why(self) -> &'static str {
        match self {
            Self::Erased => "the customer was erased",
            Self::Unknown => "the customer is not registered",
            Self::NoAddress => "the customer has no e-mail address",
        }
    }
}

/// What the body of a delivery says that is needed here.
#[derive(Deserialize)]
struct Body {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    amount: Option<Money>,
    all: Option<bool>,
}

/// Looks up whom an e-mail goes to.
///
/// # Errors
/// Events cannot be read, or keys cannot be reached, or the delivery's row is not as it was written.
pub(super) async fn letter(
    claimed: &Claimed,
    reader: &dyn EventReader,
    vault: &Vault,
) -> Result<Result<Letter, Nobody>, NotifyError> {
    let corrupt = |column, problem: String| NotifyError::Corrupt {
        table: "delivery",
        column,
        row: claimed.id.to_string(),
        problem,
    };
    let tenant = TenantId::parse(&claimed.tenant);
    let tenant = tenant.map_err(|error| corrupt("tenant", error.to_string()))?;
    let kind = NoticeKind::parse(&claimed.event_type);
    let kind = kind.ok_or_else(|| corrupt("event_type", "there is nothing of that name".into()))?;
    let body: Body =
        serde_json::from_str(&claimed.body).map_err(|error| corrupt("body", error.to_string()))?;
    let order_id = OrderId::new(claimed.order_id);
    let Some((customer_id, mut about)) = placed(reader, &tenant, order_id, kind).await? else {
        let stream = StreamId::order(&tenant, order_id);
        return Err(corrupt(
            "order_id",
            format!("{stream} does not begin with an order"),
        ));
    };
    about.amount = body.data.amount;
    about.all = body.data.all;
    let profile = profile(reader, vault, &tenant, &customer_id).await?;
    Ok(profile.map(|profile| Letter { profile, about }))
}

/// Who has placed an order, and what is said of it.
async fn placed(
    reader: &dyn EventReader,
    tenant: &TenantId,
    order_id: OrderId,
    kind: NoticeKind,
) -> Result<Option<(CustomerId, About)>, NotifyError> {
    let stream = StreamId::order(tenant, order_id);
    let first = reader.read_streams(&[(stream, Version::ZERO)], 1).await?;
    let Some(first) = first.into_iter().next() else {
        return Ok(None);
    };
    let Event::Order(OrderEvent::OrderPlaced(placed)) = first.decode()?.event else {
        return Ok(None);
    };
    let about = About {
        kind,
        order_id,
        reference: placed.reference,
        placed_at: placed.placed_at,
        total: Money::new(placed.total, placed.currency),
        amount: None,
        all: None,
    };
    Ok(Some((placed.customer_id, about)))
}

/// Who a customer is now, if there is an address to write to.
async fn profile(
    reader: &dyn EventReader,
    vault: &Vault,
    tenant: &TenantId,
    customer_id: &CustomerId,
) -> Result<Result<Profile, Nobody>, NotifyError> {
    let stream = StreamId::customer(tenant, customer_id);
    let folded = fold_stream(reader, &stream, Until::End).await?;
    let sealed = match folded.state {
        State::Customer(Customer::Registered { profile }) => profile,
        State::Customer(Customer::Erased) => return Ok(Err(Nobody::Erased)),
        _ => return Ok(Err(Nobody::Unknown)),
    };
    Ok(
        match vault.open_profile(tenant, customer_id, &sealed).await? {
            Opened::Erased => Err(Nobody::Erased),
            Opened::Plain(profile) if profile.email.is_none() => Err(Nobody::NoAddress),
            Opened::Plain(profile) => Ok(profile),
        },
    )
}
