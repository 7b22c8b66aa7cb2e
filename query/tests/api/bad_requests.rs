//! What is wrong with a request is named.

use crate::stage::Stage;

const ID: &str = "0193a000-0000-7000-8000-000000000001";

#[tokio::test]
async fn every_wrong_parameter_has_its_name_in_the_answer() {
    let stage = Stage::new().await;
    for (path, parameter) in [
        ("/v1/orders?limit=0", "limit"),
        ("/v1/orders?limit=201", "limit"),
        ("/v1/orders?limit=-1", "limit"),
        ("/v1/orders?limit=ten", "limit"),
        ("/v1/orders?limit=10&limit=20", "limit"),
        ("/v1/orders?page=2", "page"),
        ("/v1/orders?sort=name", "sort"),
        ("/v1/orders?status=shipped", "status"),
        ("/v1/orders?status=", "status"),
        ("/v1/orders?payment_status=paid", "payment_status"),
        ("/v1/orders?fulfilment_status=done", "fulfilment_status"),
        ("/v1/orders?return_status=done", "return_status"),
        ("/v1/orders?tag=No%20Tag", "tag"),
        ("/v1/orders?customer_id=a%20b", "customer_id"),
        ("/v1/orders?currency=eur", "currency"),
        ("/v1/orders?currency=XXX", "currency"),
        ("/v1/orders?placed_at[gte]=yesterday", "placed_at[gte]"),
        ("/v1/orders?placed_at[gte]=2010-12-01", "placed_at[gte]"),
        (
            "/v1/orders?placed_at[lt]=2010-12-01T00:00:00+02:00",
            "placed_at[lt]",
        ),
        (
            "/v1/orders?placed_at[gt]=2010-12-01T00:00:00Z",
            "placed_at[gt]",
        ),
        (
            "/v1/orders?placed_at[gte]=2010-12-02T00:00:00Z&placed_at[lt]=2010-12-02T00:00:00Z",
            "placed_at[lt]",
        ),
        ("/v1/orders?total[gte]=1.5", "total[gte]"),
        ("/v1/orders?total[lt]=99999999999999999999", "total[lt]"),
        ("/v1/orders?total[gte]=5&total[lt]=5", "total[lt]"),
        ("/v1/orders?q=", "q"),
        ("/v1/orders?q=a%00b", "q"),
        ("/v1/stock?sku[prefix]=", "sku[prefix]"),
        ("/v1/stock?sku[prefix]=%C3%A9", "sku[prefix]"),
        ("/v1/stock?sku=A", "sku"),
        ("/v1/stock?location=Main", "location"),
        ("/v1/stock/A?location=main", "location"),
        ("/v1/customers/c1?limit=1", "limit"),
        ("/v1/reports/sales?from=2010-12-02&to=2010-12-01", "to"),
        ("/v1/reports/sales?from=2010-13-01", "from"),
        ("/v1/reports/sales?from=12010-01-01", "from"),
        ("/v1/reports/sales?to=2010-12-01T00:00:00Z", "to"),
        ("/v1/reports/sales?currency=EU", "currency"),
        ("/v1/reports/payments?from=2010-12-02&to=2010-12-01", "to"),
        ("/v1/reports/payments?day=2010-12-01", "day"),
        (&format!("/v1/orders/{ID}?version=0"), "version"),
        (&format!("/v1/orders/{ID}?version=one"), "version"),
        (&format!("/v1/orders/{ID}?as_of=now"), "as_of"),
        (
            &format!("/v1/orders/{ID}?version=1&as_of=2010-12-01T00:00:00Z"),
            "as_of",
        ),
        (&format!("/v1/orders/{ID}/events?limit=1000"), "limit"),
        (&format!("/v1/orders/{ID}/events?sort=position"), "sort"),
    ] {
        let answer = stage.get(path).await;
        let answer = answer.problem(400, "INVALID_QUERY");
        let pointer = &answer.body["errors"][0]["pointer"];
        assert_eq!(
            pointer,
            &format!("query:{parameter}"),
            "{path}: {}",
            answer.body
        );
        assert_eq!(answer.body["retryable"], false);
        assert!(answer.body["request_id"].is_string());
    }
}

#[tokio::test]
async fn paths_that_name_nothing_that_can_be_are_400_and_unknown_ones_404() {
    let stage = Stage::new().await;
    for (path, pointer) in [
        ("/v1/orders/17", "path:order_id"),
        ("/v1/orders/17/events", "path:order_id"),
        ("/v1/orders/%FF", "path:order_id"),
        ("/v1/customers/a%20b", "path:customer_id"),
        ("/v1/stock/%C3%A9", "path:sku"),
    ] {
        let answer = stage.get(path).await.problem(400, "INVALID_PATH");
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{path}");
    }
    for (path, code) in [
        (format!("/v1/orders/{ID}"), "ORDER_NOT_FOUND"),
        (format!("/v1/orders/{ID}?version=1"), "ORDER_NOT_FOUND"),
        (
            format!("/v1/orders/{ID}?as_of=2010-12-01T00:00:00Z"),
            "ORDER_NOT_FOUND",
        ),
        (format!("/v1/orders/{ID}/events"), "ORDER_NOT_FOUND"),
        ("/v1/customers/nobody".to_owned(), "CUSTOMER_NOT_FOUND"),
        ("/v1/stock/nothing".to_owned(), "STOCK_NOT_FOUND"),
        ("/v1/nothing".to_owned(), "ROUTE_NOT_FOUND"),
    ] {
        stage.get(&path).await.problem(404, code);
    }
}

#[tokio::test]
async fn wrong_headers_are_named() {
    let stage = Stage::new().await;
    for (header, value, code) in [
        ("consistency-token", "17", "INVALID_CONSISTENCY_TOKEN"),
        ("prefer", "wait=soon", "INVALID_PREFER"),
    ] {
        for path in ["/v1/orders", "/v1/stock", "/v1/reports/sales"] {
            let answer = stage.get_with(path, &[(header, value)]).await;
            let answer = answer.problem(400, code);
            let pointer = answer.body["errors"][0]["pointer"].as_str().unwrap();
            assert_eq!(pointer.to_lowercase(), format!("header:{header}"));
        }
    }
}
