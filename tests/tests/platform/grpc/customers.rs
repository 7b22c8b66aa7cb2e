//! Who customers are, until they are erased; over gRPC and at the command line.

use super::{clients, failed, failure, key, order_of};
use proto::v1::{
    ChangeCustomerRequest, EraseCustomerRequest, GetCustomerRequest, ListCustomerOrdersRequest,
    Profile, ReadYourWrites, RegisterCustomerRequest,
};
use tests::platform::{CommandLine, Platform, Shape};
use tonic::Code;

fn named(name: &str) -> Option<Profile> {
    Some(Profile {
        name: Some(name.into()),
        ..Profile::default()
    })
}

fn get(customer_id: &str) -> GetCustomerRequest {
    GetCustomerRequest {
        customer_id: customer_id.into(),
        ..GetCustomerRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_are_registered_changed_and_erased() {
    let platform = Platform::start(Shape::Separate, &[]).await;
    over_grpc(&platform).await;
    at_the_command_line(&platform).await;
    platform.stop().await;
}

async fn over_grpc(p: &Platform) {
    let mut clients = clients(p);
    let (customers, queries) = (&mut clients.customers, &mut clients.customer_queries);
    let register = RegisterCustomerRequest {
        request_id: key(),
        customer_id: "17850".into(),
        profile: named("Ada"),
    };
    let first = customers.register_customer(register.clone()).await.unwrap();
    let receipt = first.into_inner().receipt.unwrap();
    assert_eq!((receipt.version, receipt.replayed), (1, false));
    let again = customers.register_customer(register.clone()).await.unwrap();
    assert!(again.into_inner().receipt.unwrap().replayed);
    let empty = RegisterCustomerRequest {
        request_id: key(),
        customer_id: "17850".into(),
        profile: None,
    };
    let wrong = failure(customers.register_customer(empty).await);
    assert_eq!(wrong.1, "EMPTY_PROFILE");

    let change = |etag: &str| ChangeCustomerRequest {
        request_id: key(),
        customer_id: "17850".into(),
        etag: etag.into(),
        profile: named("Ada King"),
    };
    let stale = failure(customers.change_customer(change("\"7\"")).await);
    assert_eq!(stale.0, Code::Aborted);
    customers.change_customer(change("\"1\"")).await.unwrap();

    let placed = clients.commands.place_order(order_of("SOLD", 2)).await;
    let placed = placed.unwrap().into_inner();
    let token = placed.receipt.unwrap().consistency_token;
    let known = GetCustomerRequest {
        customer_id: "17850".into(),
        read_your_writes: Some(ReadYourWrites {
            consistency_token: token.clone(),
            wait_seconds: Some(30),
        }),
    };
    let known = queries.get_customer(known).await.unwrap().into_inner();
    let known = known.customer.unwrap();
    assert_eq!((known.profile, known.erased), (named("Ada King"), false));
    assert_eq!((known.etag.as_str(), known.orders), ("\"2\"", 1));
    let sold = &known.currencies[0];
    assert_eq!(sold.currency, "EUR");
    assert_eq!(sold.all.as_ref().unwrap().total, "1998");
    let orders = ListCustomerOrdersRequest {
        customer_id: "17850".into(),
        read_your_writes: Some(ReadYourWrites {
            consistency_token: token,
            wait_seconds: Some(30),
        }),
        ..ListCustomerOrdersRequest::default()
    };
    let listed = queries.list_customer_orders(orders).await.unwrap();
    let listed = listed.into_inner().orders;
    assert_eq!(listed[0].order_id, placed.order.unwrap().order_id);

    let erase = EraseCustomerRequest {
        customer_id: "17850".into(),
    };
    let erased = customers.erase_customer(erase.clone()).await.unwrap();
    assert!(erased.into_inner().known);
    let again = customers.erase_customer(erase).await.unwrap().into_inner();
    assert!(again.known && again.receipt.unwrap().replayed);
    let gone = queries.get_customer(get("17850")).await.unwrap();
    let gone = gone.into_inner().customer.unwrap();
    assert_eq!((gone.profile, gone.erased), (None, true));
    let replayed = customers.register_customer(register).await.unwrap();
    assert!(replayed.into_inner().receipt.unwrap().replayed);
    let late = failure(customers.change_customer(change("")).await);
    assert_eq!(
        late,
        failed(Code::FailedPrecondition, "CUSTOMER_ERASED", "")
    );
    let nobody = failure(queries.get_customer(get("nobody")).await);
    assert_eq!(nobody, failed(Code::NotFound, "CUSTOMER_NOT_FOUND", ""));
}

async fn at_the_command_line(p: &Platform) {
    let terminal = CommandLine::of(p);
    let run = async |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        terminal.orders(&words).await
    };
    let registered = run("customers register c-1 --name Ada --email ada@example.com").await;
    registered.well().says(&["c-1 is registered"]);
    let shown = run("customers show c-1").await.well();
    shown.says(&["Ada", "ada@example.com"]);
    run("customers change c-1 --name Eve").await.well();
    let shown = run("customers show c-1 --json").await.well().json();
    assert_eq!(
        (&shown["name"], shown["email"].is_null()),
        (&"Eve".into(), true)
    );
    run("customers orders c-1")
        .await
        .ended(1)
        .says(&["has not ordered"]);
    run("customers erase c-1").await.ended(2).says(&["--yes"]);
    run("customers erase c-1 --yes")
        .await
        .well()
        .says(&["is erased"]);
    let shown = run("customers show c-1 --json").await.well().json();
    assert_eq!(
        (shown["name"].is_null(), &shown["erased"]),
        (true, &true.into())
    );
    let late = run("customers change c-1 --name Ada").await.ended(1);
    late.says(&["was erased"]);
    let listed = run("customers orders 17850").await.well();
    listed.says(&["17850", "19.98 EUR"]);
}
