//! Orders on a whole platform: stock for them, and waiting until all were carried to their end.

use super::platform::Platform;
use crate::{
    http::{Connection, get, post},
    load::Traffic,
    orders::{SKUS, sku},
};
use anyhow::{Context, bail, ensure};
use std::time::{Duration, Instant};

/// More than any run sells.
const PLENTY: i64 = 1_000_000_000;

/// How long a platform may take to carry what it accepted.
const SETTLES_WITHIN: Duration = Duration::from_secs(300);

/// How often it is looked at; it competes for the CPU.
const LOOK: Duration = Duration::from_millis(20);

/// Books in stock of every article.
pub(super) async fn stock_up(platform: &Platform) -> anyhow::Result<()> {
    let address = platform.commands;
    let mut connection = Connection::open(address).await?;
    let run = uuid::Uuid::new_v4();
    for number in 0..SKUS {
        let target = format!("/v1/stock/{}/receipts", sku(number));
        let body = format!(r#"{{"quantity":{PLENTY}}}"#);
        let request = post(address, &target, &format!("{run}-{number}"), &body);
        let answer = connection.exchange(&request).await?;
        ensure!(
            answer.is_success(),
            "stock was not booked in ({}): {}",
            answer.status,
            String::from_utf8_lossy(answer.body)
        );
    }
    Ok(())
}

/// Places an order; its id.
pub(super) async fn place(platform: &Platform) -> anyhow::Result<String> {
    let mut connection = Connection::open(platform.commands).await?;
    place_over(&mut connection, &Traffic::placements(platform.commands)).await
}

/// Places the next order over a connection; its id.
pub(super) async fn place_over(
    connection: &mut Connection,
    traffic: &Traffic,
) -> anyhow::Result<String> {
    let mut request = Vec::new();
    traffic.render(&mut request);
    let answer = connection.exchange(&request).await?;
    ensure!(
        answer.is_success(),
        "an order was not placed ({}): {}",
        answer.status,
        String::from_utf8_lossy(answer.body)
    );
    let location = answer.header("location").context("no Location came back")?;
    let id = location.rsplit('/').next().unwrap_or_default();
    Ok(id.to_owned())
}

/// Waits until every order was carried to its end and shows in the read model; how long that took.
pub(super) async fn settled(platform: &Platform) -> anyhow::Result<Duration> {
    let began = Instant::now();
    // What comes after all others, is carried after all others have been seen.
    let last = place(platform).await?;
    let mut connection = Connection::open(platform.queries).await?;
    let order = get(platform.queries, &format!("/v1/orders/{last}"));
    let waiting = get(platform.queries, "/v1/orders?status=placed&limit=1");
    while began.elapsed() < SETTLES_WITHIN {
        let carried = match read(&mut connection, &order).await? {
            Some(order) => order["status"] != "placed",
            None => false,
        };
        if carried {
            let list = read(&mut connection, &waiting).await?;
            let list = list.context("there is no list of orders")?;
            let none = list["items"].as_array().map(Vec::is_empty);
            if none.context("a list of orders has no items")? {
                return Ok(began.elapsed());
            }
        }
        tokio::time::sleep(LOOK).await;
    }
    bail!("orders are still not carried to their end after {SETTLES_WITHIN:?}")
}

/// What a read answers; none if there is nothing (yet).
async fn read(
    connection: &mut Connection,
    request: &[u8],
) -> anyhow::Result<Option<serde_json::Value>> {
    let answer = connection.exchange(request).await?;
    match answer.status {
        200 => Ok(Some(serde_json::from_slice(answer.body)?)),
        404 => Ok(None),
        status => bail!(
            "a read was answered {status}: {}",
            String::from_utf8_lossy(answer.body)
        ),
    }
}
