//! What is offered, and at which prices; over gRPC and at the command line.

use super::{clients, failed, failure, key};
use proto::v1::{
    DelistProductRequest, GetProductRequest, ListProductRequest, ListProductsRequest, Money,
    PriceProductRequest, ReadYourWrites,
};
use tests::platform::{CommandLine, Platform, Shape, eventually};
use tonic::Code;

fn eur(amount: i64) -> Option<Money> {
    Some(Money {
        amount,
        currency: "EUR".into(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn products_are_listed_priced_and_delisted() {
    let platform = Platform::start(Shape::Separate, &[]).await;
    over_grpc(&platform).await;
    at_the_command_line(&platform).await;
    platform.stop().await;
}

async fn over_grpc(p: &Platform) {
    let mut clients = clients(p);
    let (products, queries) = (&mut clients.products, &mut clients.product_queries);
    let list = ListProductRequest {
        request_id: key(),
        sku: "CUP".into(),
        name: "Cup".into(),
        price: eur(100),
    };
    let listed = products.list_product(list.clone()).await.unwrap();
    assert_eq!(listed.into_inner().product.unwrap().status, "listed");
    let again = products.list_product(list.clone()).await.unwrap();
    assert!(again.into_inner().receipt.unwrap().replayed);
    let free = ListProductRequest {
        request_id: key(),
        price: None,
        ..list
    };
    let wrong = failure(products.list_product(free).await);
    assert_eq!(
        wrong,
        failed(Code::InvalidArgument, "INVALID_BODY", "price")
    );
    let price = |etag: &str| PriceProductRequest {
        request_id: key(),
        sku: "CUP".into(),
        etag: etag.into(),
        price: eur(90),
    };
    let stale = failure(products.price_product(price("\"7\"")).await);
    assert_eq!(stale.0, Code::Aborted);
    products.price_product(price("\"1\"")).await.unwrap();
    let delist = DelistProductRequest {
        request_id: key(),
        sku: "CUP".into(),
        etag: String::new(),
        reason: "sold out".into(),
    };
    let delisted = products.delist_product(delist).await.unwrap().into_inner();
    let seen = || {
        Some(ReadYourWrites {
            consistency_token: delisted.receipt.as_ref().unwrap().consistency_token.clone(),
            wait_seconds: Some(30),
        })
    };
    let get = |sku: &str| GetProductRequest {
        sku: sku.into(),
        read_your_writes: seen(),
    };
    let cup = queries.get_product(get("CUP")).await.unwrap().into_inner();
    let cup = cup.product.unwrap();
    assert_eq!(
        (cup.status.as_str(), cup.etag.as_str()),
        ("delisted", "\"3\"")
    );
    assert_eq!(cup.prices, [eur(90).unwrap()]);
    assert_eq!(cup.reason.as_deref(), Some("sold out"));
    let listed = ListProductsRequest {
        status: Some("delisted".into()),
        read_your_writes: seen(),
        ..ListProductsRequest::default()
    };
    let listed = queries.list_products(listed).await.unwrap().into_inner();
    assert_eq!(listed.products.len(), 1);
    let late = failure(products.price_product(price("")).await);
    assert_eq!(late.1, "PRODUCT_DELISTED");
    let nobody = failure(queries.get_product(get("NONE")).await);
    assert_eq!(nobody, failed(Code::NotFound, "PRODUCT_NOT_FOUND", ""));
}

async fn at_the_command_line(p: &Platform) {
    let terminal = CommandLine::of(p);
    let run = async |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        terminal.orders(&words).await
    };
    let listed = run("products list MUG --name Mug --price 1999")
        .await
        .well();
    listed.says(&["MUG is listed"]);
    let price = "products price MUG --price 2199 --currency USD";
    run(price).await.well();
    let delisted = run("products delist MUG --reason old").await.well();
    delisted.says(&["MUG is delisted"]);
    let late = run("products price MUG --price 1").await.ended(1);
    late.says(&["was delisted", "allowed now: list"]);
    eventually("it to be delisted for readers", async || {
        let mug = p.api.try_get("/v1/products/MUG").await?;
        match mug["status"] == "delisted" {
            true => Ok(()),
            false => Err(mug.to_string()),
        }
    })
    .await;
    let shown = run("products show MUG").await.well();
    shown.says(&["MUG", "19.99 EUR, 21.99 USD", "delisted", "old"]);
    let shown = run("products show --status delisted").await.well();
    shown.says(&["MUG"]);
}
