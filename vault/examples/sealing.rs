//! What it costs to seal an address, and to open it again, with a key that the process knows.
//!
//! `cargo run --release -p vault --example sealing`

use domain::{CustomerId, OrderId, TenantId, order::Address};
use std::time::Instant;
use uuid::Uuid;
use vault::Vault;

const TIMES: u32 = 20_000;

#[expect(clippy::print_stdout, reason = "the figures are the result")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let vault = Vault::in_memory();
    let tenant = TenantId::default();
    let customer = CustomerId::parse("17850")?;
    let order = OrderId::new(Uuid::from_u128(1));
    let address = Address {
        name: Some("Ada Lovelace".into()),
        lines: vec!["12 St James's Square".into()],
        city: Some("London".into()),
        postal_code: Some("SW1Y 4JH".into()),
        country: "United Kingdom".into(),
    };
    let sealed = vault
        .seal_address(&tenant, &customer, order, &address)
        .await?;
    let began = Instant::now();
    for _ in 0..TIMES {
        vault
            .seal_address(&tenant, &customer, order, &address)
            .await?;
    }
    println!("sealed in {:?}", began.elapsed() / TIMES);
    let began = Instant::now();
    for _ in 0..TIMES {
        vault
            .open_address(&tenant, &customer, order, &sealed)
            .await?;
    }
    println!("opened in {:?}", began.elapsed() / TIMES);
    Ok(())
}
