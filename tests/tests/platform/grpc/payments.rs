//! Payments, as they are over REST.

use super::{clients, delivery, failed, failure, order_of};
use proto::v1::{GetPaymentRequest, ListPaymentsRequest};
use tests::platform::{Platform, Shape};
use tonic::Code;

#[tokio::test(flavor = "multi_thread")]
async fn payments_are_the_same_over_grpc() {
    let platform = Platform::start(Shape::Separate, &[]).await;
    let p = &platform;
    let mut clients = clients(p);
    let received = clients.commands.receive_stock(delivery("PAID", 10));
    received.await.unwrap();
    let mut orders = vec![];
    for _ in 0..3 {
        let placed = clients.commands.place_order(order_of("PAID", 1)).await;
        let order_id = placed.unwrap().into_inner().order.unwrap().order_id;
        p.api.order_that_is("confirmed", &order_id).await;
        orders.push(order_id);
    }
    let get = |order_id: &str| GetPaymentRequest {
        order_id: order_id.into(),
        read_your_writes: None,
    };
    let payments = &mut clients.payments;
    let shown = payments.get_payment(get(&orders[0])).await.unwrap();
    let payment = shown.into_inner().payment.unwrap();
    let path = format!("/v1/payments/{}", orders[0]);
    let rest = p.api.get(&path).await.expect(200);
    assert_eq!(payment.status, "authorized");
    assert_eq!(rest.body["status"], payment.status);
    assert_eq!(rest.body["version"], payment.version);
    assert_eq!(rest.header("etag"), payment.etag);
    let held = payment.authorization.unwrap();
    let of_rest = &rest.body["authorization"];
    assert_eq!(of_rest["authorization_id"], held.authorization_id);
    let amount = held.amount.unwrap();
    assert_eq!((amount.amount, amount.currency.as_str()), (999, "EUR"));
    let nobody = "01890000-0000-7000-8000-000000000000";
    assert_eq!(
        failure(payments.get_payment(get(nobody)).await),
        failed(Code::NotFound, "PAYMENT_NOT_FOUND", "")
    );
    assert_eq!(failure(payments.get_payment(get("x")).await).2, "order_id");

    // Page by page, each once.
    let mut seen = vec![];
    let mut request = ListPaymentsRequest {
        page_size: Some(2),
        status: Some("authorized".into()),
        currency: Some("EUR".into()),
        ..ListPaymentsRequest::default()
    };
    loop {
        let page = payments.list_payments(request.clone()).await.unwrap();
        let page = page.into_inner();
        seen.extend(page.payments.into_iter().map(|payment| payment.order_id));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    seen.sort();
    orders.sort();
    assert_eq!(seen, orders);
    let wrong = |change: fn(&mut ListPaymentsRequest)| {
        let mut request = ListPaymentsRequest::default();
        change(&mut request);
        request
    };
    for (request, field) in [
        (
            wrong(|request| request.status = Some("paid".into())),
            "status",
        ),
        (
            wrong(|request| request.page_size = Some(1_000)),
            "page_size",
        ),
        (
            wrong(|request| request.page_token = "x".into()),
            "page_token",
        ),
        (
            wrong(|request| request.currency = Some("Euro".into())),
            "currency",
        ),
    ] {
        let refused = failure(payments.list_payments(request).await);
        assert_eq!((refused.0, &*refused.2), (Code::InvalidArgument, field));
    }
    platform.stop().await;
}
