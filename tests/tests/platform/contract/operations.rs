//! Every operation that is documented, and every answer that was given.

use super::{is_a_problem, projections, webhooks};
use chassis::{
    clock::now,
    webhook::{WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP, WebhookSecret},
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tests::platform::{Placement, Platform, WEBHOOK_SECRET, eventually};

/// The operations that are documented: their method and path, and the statuses they may answer.
async fn operations(p: &Platform) -> BTreeMap<(String, String), BTreeSet<u16>> {
    let document = p.api.get("/openapi.json").await.expect(200);
    let paths = document.body["paths"].as_object().expect("it has paths");
    let mut operations = BTreeMap::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("a path has operations") {
            let Some(responses) = operation["responses"].as_object() else {
                continue;
            };
            let statuses = responses.keys().filter_map(|status| status.parse().ok());
            let operation = (method.to_uppercase(), path.clone());
            operations.insert(operation, statuses.collect());
        }
    }
    operations
}

/// Each operation in the ways that all can be asked wrongly, and those that no other scenario asks.
pub(super) async fn every_operation_is_driven(p: &Platform) {
    p.api.receive("DRIVEN", 10).await;
    let placement = Placement::of("DRIVEN", 1, 100).customer("driven");
    let placed = p.api.place(&placement).await;
    let (id, token) = (placed.order_id(), placed.header("consistency-token"));
    for path in [
        "/v1/orders?customer_id=driven".into(),
        format!("/v1/orders/{id}"),
        format!("/v1/orders/{id}/diff?from=1"),
        format!("/v1/orders/{id}/events"),
        format!("/v1/orders/{id}/process"),
        "/v1/payments?status=authorized".into(),
        "/v1/processes".into(),
        "/v1/shipments?status=pending".into(),
        "/v1/returns?status=requested".into(),
        "/v1/customers/driven".into(),
        "/v1/customers/driven/orders".into(),
        "/v1/stock".into(),
        "/v1/stock/DRIVEN".into(),
        "/v1/reports/sales".into(),
        "/v1/reports/payments".into(),
        "/v1/projections".into(),
        "/v1/projections/order_summary/parked".into(),
        "/v1/projections/order_summary/skipped".into(),
    ] {
        p.api.get_after(token, &path).await.expect(200);
    }
    // There is none before the policies have asked for it, which nobody's token waits for.
    let payment = format!("/v1/payments/{id}");
    eventually("its payment is asked for", async || {
        let answer = p.api.get(&payment).await;
        if answer.status == 200 {
            Ok(())
        } else {
            Err(answer.body.to_string())
        }
    })
    .await;
    for nobody in ["/v1/customers/nobody", "/v1/customers/nobody/orders"] {
        is_a_problem(&p.api.get(nobody).await.expect(404));
    }
    is_a_problem(&p.api.get("/v1/stock/NOBODY").await.expect(404));
    let nobody = "/v1/shipments/01890000-0000-7000-8000-000000000000";
    is_a_problem(&p.api.get(nobody).await.expect(404));
    let none = "/v1/returns/01890000-0000-7000-8000-000000000000";
    is_a_problem(&p.api.get(none).await.expect(404));
    let cancel = format!("{none}/cancel");
    let reason = json!({"reason": "none"});
    is_a_problem(&p.api.post(&cancel, &reason).await.expect(404));
    let pack = format!("{nobody}/pack");
    is_a_problem(&p.api.post(&pack, &json!({})).await.expect(404));
    let hold = json!({"hold": "h", "reason": "x"});
    let holds = format!("/v1/orders/{id}/holds");
    p.api.post(&holds, &hold).await.expect(200);
    let release = format!("/v1/orders/{id}/holds/h/release");
    p.api.post(&release, &json!({})).await.expect(200);
    let many = p.api.command(Method::POST, "/v1/orders/bulk");
    let many = many.header("idempotency-key", "driven");
    let many = many.header("content-type", "application/x-ndjson");
    let one = placement.body().to_string();
    p.api.send(many.body(one)).await.expect(207);
    let (shipment, delivered) = shipments_are_driven(p).await;
    let returned = returns_are_driven(p, &delivered).await;
    an_order_is_amended(p).await;
    customers_are_driven(p).await;
    products_are_driven(p).await;
    projections::are_driven(p).await;
    let (webhook, delivery) = webhooks::are_driven(p).await;
    for (method, path) in operations(p).await.into_keys() {
        let path = path
            .replace("{shipment_id}", &shipment)
            .replace("{return_id}", &returned)
            .replace("{webhook_id}", &webhook)
            .replace("{delivery_id}", &delivery)
            .replace("{order_id}", &id)
            .replace("{customer_id}", "driven")
            .replace("{sku}", "DRIVEN")
            .replace("{amendment_id}", &id)
            .replace("{task_id}", &id)
            .replace("{hold}", "h");
        // What operators ask for is about no order's version, and to ask twice is to ask once.
        let is_for_operators = path.starts_with("/v1/projections");
        if method == "GET" {
            is_a_problem(&p.api.get(&format!("{path}?surprise=1")).await.expect(400));
            if is_for_operators {
                continue;
            }
            let forged = p.api.query(&path).header("consistency-token", "forged");
            is_a_problem(&p.api.send(forged).await.expect(400));
            continue;
        }
        if method == "DELETE" {
            let delete = || p.api.command(Method::DELETE, &path);
            let dry_run = delete().query(&[("dry_run", "true")]);
            is_a_problem(&p.api.send(dry_run).await.expect(400));
            if is_for_operators {
                continue;
            }
            for version in ["x", "\"1\""] {
                let conditional = delete().header("if-match", version);
                is_a_problem(&p.api.send(conditional).await.expect(400));
            }
            continue;
        }
        // What a provider says is signed, and has no key of ours.
        if path.starts_with("/v1/providers/") {
            webhooks_are_driven(p, &path).await;
            continue;
        }
        // Of lines, not of one document.
        let is_of_many = path == "/v1/orders/bulk";
        let media_type = if is_of_many {
            "application/x-ndjson"
        } else {
            "application/json"
        };
        let post = |content_type: &str, body: &str| {
            let method = Method::from_bytes(method.as_bytes()).expect("it is a method");
            let request = p.api.command(method, &path);
            let request = request.header("content-type", content_type.to_owned());
            request.body(body.to_owned())
        };
        let keyed = |request: RequestBuilder| request.header("idempotency-key", "driven");
        if !is_for_operators {
            is_a_problem(&p.api.send(post(media_type, "{}")).await.expect(400));
        }
        is_a_problem(
            &p.api
                .send(keyed(post("text/plain", "{}")))
                .await
                .expect(415),
        );
        // Of fields in their order no object is made.
        for body in ["1", "[]", r#"["A", 1, 100, null]"#] {
            if is_of_many {
                break;
            }
            let request = keyed(post(media_type, body));
            let answer = p.api.send(request).await.expect(400);
            is_a_problem(&answer);
            assert_eq!((answer.code(), answer.pointer()), ("INVALID_BODY", ""));
            assert!(
                answer.text.contains("expected an object"),
                "{}",
                answer.text
            );
        }
        let dry_run = keyed(post(media_type, "{}")).query(&[("dry_run", "true")]);
        let answer = p.api.send(dry_run).await.expect(400);
        is_a_problem(&answer);
        assert_eq!(
            (answer.code(), answer.pointer()),
            ("INVALID_QUERY", "query:dry_run")
        );
        if is_for_operators {
            continue;
        }
        let stale = keyed(post(media_type, "{}")).header("if-match", "x");
        is_a_problem(&p.api.send(stale).await.expect(400));
    }
}

/// Of an order that waits to be packed, one of two is not wanted any more; then nothing is.
async fn fewer_are_wanted(p: &Platform) {
    let placement = Placement::of("SHIPPED", 2, 100).customer("fewer");
    let order = p.api.place(&placement).await.order_id();
    p.api.shipment_that_is("pending", &order).await;
    let path = format!("/v1/orders/{order}/lines/cancel");
    for (reason, status) in [("one will do", 200), ("none will", 202)] {
        let fewer = json!({"lines": [{"line": 1, "quantity": 1}], "reason": reason});
        p.api.post(&path, &fewer).await.expect(status);
    }
    p.api.order_that_is("cancelled", &order).await;
}

/// Of an order that waits to be packed, one of two is wanted, then two again; and it is a gift that goes
/// somewhere else. Whoever says so has seen it.
async fn an_order_is_amended(p: &Platform) {
    let placement = Placement::of("SHIPPED", 2, 100).customer("amended");
    let order = p.api.place(&placement).await.order_id();
    p.api.shipment_that_is("pending", &order).await;
    let path = |what: &str| format!("/v1/orders/{order}/{what}");
    let seen = async |path: &str, version: &Value, body: &Value| {
        let request = p.api.command(Method::POST, path);
        let request = request
            .header("idempotency-key", uuid::Uuid::now_v7().to_string())
            .header("if-match", format!("\"{version}\""));
        p.api.send(request.json(body)).await
    };
    let order_now = p.api.order_that_is("confirmed", &order).await;
    let mut version = order_now["version"].clone();
    let wanted =
        |quantity: i64| json!({"lines": [{"line": 1, "quantity": quantity}], "reason": "x"});
    is_a_problem(
        &p.api
            .post(&path("amendments"), &wanted(1))
            .await
            .expect(428),
    );
    is_a_problem(
        &seen(&path("amendments"), &json!(1), &wanted(1))
            .await
            .expect(412),
    );
    for (quantity, ends) in [(1, "withdraw"), (1, "apply"), (2, "apply")] {
        let proposed = seen(&path("amendments"), &version, &wanted(quantity)).await;
        let proposed = proposed.expect(200);
        let id = proposed.body["amendment"]["amendment_id"]
            .as_str()
            .expect("it has an id");
        let ended = path(&format!("amendments/{id}/{ends}"));
        is_a_problem(&p.api.post(&ended, &json!({})).await.expect(428));
        let ended = seen(&ended, &proposed.body["version"], &json!({})).await;
        version = ended.expect(200).body["version"].clone();
    }
    let elsewhere = json!({"shipping_address": {"country": "Elsewhere"}});
    let moved = seen(&path("shipping-address"), &version, &elsewhere).await;
    moved.expect(200);
    let tags = json!({"tags": ["gift"]});
    p.api.post(&path("tags"), &tags).await.expect(200);
}

/// What a provider says by itself, believed and not.
async fn webhooks_are_driven(p: &Platform, path: &str) {
    let secret = WebhookSecret::parse(WEBHOOK_SECRET).expect("it is one");
    let say = async |body: &str, signed: &str| {
        let at = now();
        let request = p.api.command(Method::POST, path);
        let request = request
            .header("content-type", "application/json")
            .header(WEBHOOK_ID, "evt_driven")
            .header(WEBHOOK_TIMESTAMP, at.timestamp())
            .header(
                WEBHOOK_SIGNATURE,
                secret.sign("evt_driven", at, signed.as_bytes()),
            );
        p.api.send(request.body(body.to_owned())).await
    };
    let kind = match path.contains("/carrier/") {
        true => "shipment.refused",
        false => "authorization.declined",
    };
    let nobody = json!({
        "type": kind,
        "data": {"idempotency_key": "theirs"},
    });
    let nobody = nobody.to_string();
    let heard = say(&nobody, &nobody).await.expect(200);
    assert_eq!(heard.body["outcome"], "unknown");
    is_a_problem(&say(&nobody, "{}").await.expect(401));
    let nothing = say("{}", "{}").await.expect(200);
    assert_eq!(nothing.body["outcome"], "malformed");
    let path_with = format!("{path}?surprise=1");
    let odd = p.api.command(Method::POST, &path_with);
    let odd = odd.header("content-type", "application/json").body("{}");
    is_a_problem(&p.api.send(odd).await.expect(400));
    let plain = p.api.command(Method::POST, path);
    let plain = plain.header("content-type", "text/plain").body("{}");
    is_a_problem(&p.api.send(plain).await.expect(415));
}

/// All that may be said of a customer.
async fn customers_are_driven(p: &Platform) {
    let profile = json!({"name": "Ada", "email": "ada@example.com"});
    let mut person = profile.clone();
    person["customer_id"] = json!("person");
    let registered = p.api.post("/v1/customers", &person).await.expect(201);
    assert_eq!(registered.header("location"), "/v1/customers/person");
    assert_eq!(registered.header("etag"), "\"1\"");
    let read = p.api.get("/v1/customers/person").await.expect(200);
    assert_eq!(read.header("etag"), "\"1\"");
    assert_eq!(
        (&read.body["name"], &read.body["erased"]),
        (&json!("Ada"), &json!(false))
    );
    // Registered again, it is the same; another is another.
    let again = p.api.post("/v1/customers", &person).await.expect(201);
    assert_eq!(again.header("etag"), "\"1\"");
    person["name"] = json!("Bob");
    let other = p.api.post("/v1/customers", &person).await.expect(409);
    assert_eq!(other.code(), "CUSTOMER_ALREADY_REGISTERED");
    person["name"] = json!("");
    let wrong = p.api.post("/v1/customers", &person).await.expect(422);
    assert_eq!((wrong.code(), wrong.pointer()), ("TEXT_LENGTH", "/name"));

    let changed = json!({"name": "Eve", "phone": "1"});
    let change = "/v1/customers/person/profile";
    p.api.post(change, &changed).await.expect(200);
    let read = p.api.get("/v1/customers/person").await.expect(200);
    assert_eq!(
        (&read.body["name"], &read.body["email"]),
        (&json!("Eve"), &json!(null))
    );
    let nobody = p.api.post("/v1/customers/nobody/profile", &changed).await;
    assert_eq!(nobody.expect(404).code(), "CUSTOMER_NOT_FOUND");

    let erase = async |id: &str| {
        let path = format!("/v1/customers/{id}");
        p.api.send(p.api.command(Method::DELETE, &path)).await
    };
    // Whoever is not known may be erased, too, and is no more than before.
    let unknown = erase("never-known").await.expect(200);
    assert_eq!(unknown.body["known"], false);
    let erased = erase("person").await.expect(200);
    assert_eq!(erased.header("etag"), "\"3\"");
    let again = erase("person").await.expect(200);
    assert_eq!((&again.body, again.replayed()), (&erased.body, true));
    let read = p.api.get("/v1/customers/person").await.expect(200);
    assert_eq!(
        (&read.body["name"], &read.body["erased"]),
        (&json!(null), &json!(true))
    );
    let late = p.api.post(change, &changed).await.expect(409);
    assert_eq!(late.code(), "CUSTOMER_ERASED");
}

/// What came back and cannot be sold as it is has its end: some is gone, no more than there is.
async fn quarantine_is_cleared(p: &Platform) {
    let path = "/v1/stock/SHIPPED/clearances";
    let both = json!({"restocked": 1, "written_off": 1, "reason": "cleaned"});
    let refused = p.api.post(path, &both).await.expect(409);
    assert_eq!(refused.code(), "MORE_THAN_QUARANTINED");
    let clear = json!({"restocked": 1, "reason": "cleaned"});
    let cleared = p.api.post(path, &clear).await.expect(201);
    let token = cleared.header("consistency-token");
    let stock = p.api.get_after(token, "/v1/stock/SHIPPED").await;
    assert_eq!(stock.expect(200).body["quarantined"], 0);
    let nothing = json!({"reason": "broken"});
    let wrong = p.api.post(path, &nothing).await.expect(422);
    assert_eq!(wrong.code(), "CLEARANCE_OUT_OF_RANGE");
}

/// More than there is may be promised, up to a limit.
async fn a_backorder_limit_is_set(p: &Platform) {
    let path = "/v1/stock/LIMITED/backorder-limit";
    let set = p.api.post(path, &json!({"limit": 3})).await.expect(200);
    assert_eq!(set.body["limit"], 3);
    let token = set.header("consistency-token");
    let stock = p.api.get_after(token, "/v1/stock/LIMITED").await;
    let stock = stock.expect(200).body;
    assert_eq!(stock["backorder_limit"], 3);
    assert_eq!(stock["backordered"], 0);
}

/// All that may be said of a product.
async fn products_are_driven(p: &Platform) {
    let price = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    let mut cup = json!({"sku": "CUP 1", "name": "Cup", "price": price(100)});
    let listed = p.api.post("/v1/products", &cup).await.expect(201);
    assert_eq!(listed.header("location"), "/v1/products/CUP%201");
    assert_eq!(
        (&listed.body["status"], &listed.body["allowed_commands"]),
        (&json!("listed"), &json!(["price", "delist"]))
    );
    cup["name"] = json!("Mug");
    let other = p.api.post("/v1/products", &cup).await.expect(409);
    assert_eq!(other.code(), "PRODUCT_ALREADY_LISTED");
    cup["price"] = price(-1);
    let wrong = p.api.post("/v1/products", &cup).await.expect(422);
    assert_eq!(
        (wrong.code(), wrong.pointer()),
        ("PRICE_OUT_OF_RANGE", "/price")
    );
    let priced = json!({"price": price(90)});
    let path = "/v1/products/CUP%201";
    let done = p
        .api
        .post(&format!("{path}/price"), &priced)
        .await
        .expect(200);
    let token = done.header("consistency-token");
    let read = p.api.get_after(token, path).await.expect(200);
    assert_eq!(read.header("etag"), "\"2\"");
    assert_eq!(
        read.body["prices"],
        json!([{"amount": 90, "currency": "EUR"}])
    );
    let listed = p.api.get_after(token, "/v1/products?status=listed").await;
    assert_eq!(listed.expect(200).body["items"][0]["sku"], "CUP 1");
    let reason = json!({"reason": "sold out"});
    let delist = format!("{path}/delist");
    p.api.post(&delist, &reason).await.expect(200);
    let late = p.api.post(&format!("{path}/price"), &priced).await;
    assert_eq!(late.expect(409).code(), "PRODUCT_DELISTED");
    let nobody = p.api.post("/v1/products/NONE/delist", &reason).await;
    is_a_problem(&nobody.expect(404));
    is_a_problem(&p.api.get("/v1/products/NONE").await.expect(404));
}

/// All that people may say of shipments; one of them, and an order that has arrived.
async fn shipments_are_driven(p: &Platform) -> (String, String) {
    p.api.receive("SHIPPED", 10).await;
    let (mut last, mut delivered) = (String::new(), String::new());
    for (customer, ends) in [
        (
            "delivered",
            &[("fail", "failed"), ("deliver", "delivered")][..],
        ),
        ("lost", &[("lose", "lost")]),
        ("returned", &[("return-to-sender", "returned_to_sender")]),
    ] {
        let placement = Placement::of("SHIPPED", 1, 100).customer(customer);
        let order = p.api.place(&placement).await.order_id();
        let shipment = p.api.shipment_that_is("pending", &order).await;
        last = shipment["shipment_id"].as_str().unwrap_or_default().into();
        let say = async |what: &str, body: serde_json::Value| {
            let path = format!("/v1/shipments/{last}/{what}");
            p.api.post(&path, &body).await
        };
        if customer == "delivered" {
            fewer_are_wanted(p).await;
        }
        let early = say("dispatch", json!({})).await.expect(409);
        assert_eq!(early.body["allowed_commands"], json!(["pack"]));
        say("pack", json!({})).await.expect(200);
        p.api.shipment_that_is("dispatched", &order).await;
        say("dispatch", json!({})).await.expect(200);
        for (what, status) in ends {
            let body = match *what {
                "fail" => json!({"reason": "nobody was at home"}),
                _ => json!({}),
            };
            let done = say(what, body).await.expect(200);
            assert_eq!(done.body["status"], *status);
        }
        p.api.order_that_is("completed", &order).await;
        match customer {
            "delivered" => delivered = order,
            _ => {
                let more = json!({"lines": [{"line": 1, "restocked": 2}]});
                let refused = say("book-in", more).await.expect(409);
                assert_eq!(refused.code(), "MORE_THAN_SHIPPED");
                let all = json!({"lines": [{"line": 1, "restocked": 1}]});
                let done = say("book-in", all).await.expect(200);
                assert_eq!(done.body["status"], "booked_in");
            }
        }
    }
    p.api
        .get(&format!("/v1/shipments/{last}"))
        .await
        .expect(200);
    (last, delivered)
}

/// All that people may say of returns, and one of them.
async fn returns_are_driven(p: &Platform, order: &str) -> String {
    let request = async || {
        let wanted = json!({
            "order_id": order,
            "lines": [{"line": 1, "quantity": 1}],
            "reason": "too small",
        });
        let asked = p.api.post("/v1/returns", &wanted).await.expect(201);
        asked.body["return_id"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let say = async |id: &str, what: &str, body: serde_json::Value| {
        let path = format!("/v1/returns/{id}/{what}");
        p.api.post(&path, &body).await
    };
    let reason = || json!({"reason": "worn"});
    for (what, status) in [("decline", "declined"), ("cancel", "cancelled")] {
        let id = request().await;
        let done = say(&id, what, reason()).await.expect(200);
        assert_eq!(done.body["status"], *status);
    }
    let id = request().await;
    let early = say(&id, "receive", json!({})).await.expect(409);
    assert_eq!(early.code(), "RETURN_STATE");
    let allowed = json!(["approve", "decline", "cancel"]);
    assert_eq!(early.body["allowed_commands"], allowed);
    let twice = json!({
        "order_id": order,
        "lines": [{"line": 1, "quantity": 1}],
        "reason": "too small",
    });
    let refused = p.api.post("/v1/returns", &twice).await.expect(409);
    assert_eq!(refused.code(), "MORE_THAN_DELIVERED");
    say(&id, "approve", json!({})).await.expect(200);
    say(&id, "in-transit", json!({})).await.expect(200);
    say(&id, "receive", json!({})).await.expect(200);
    let odd = json!({"lines": [{"line": 1, "refused": 1}]});
    let odd = say(&id, "inspect", odd).await.expect(422);
    assert_eq!(odd.pointer(), "/lines/0/reason");
    let seen = json!({"lines": [{"line": 1, "refused": 1, "reason": "worn"}]});
    let closed = say(&id, "inspect", seen).await.expect(200);
    assert_eq!(closed.body["status"], "closed");
    let id = request().await;
    say(&id, "approve", json!({})).await.expect(200);
    say(&id, "receive", json!({})).await.expect(200);
    let seen = json!({"lines": [{"line": 1, "quarantined": 1, "reason": "worn"}]});
    say(&id, "inspect", seen).await.expect(202);
    p.api.return_that_is("closed", &id).await;
    quarantine_is_cleared(p).await;
    a_backorder_limit_is_set(p).await;
    p.api.get(&format!("/v1/returns/{id}")).await.expect(200);
    id
}

/// Everything that was answered here is documented, and every operation was done at least once.
pub(super) async fn what_was_answered_is_documented(p: &Platform) {
    let operations = operations(p).await;
    let mut done = BTreeSet::new();
    for (asked, status) in p.api.statuses() {
        let (method, path) = asked.split_once(' ').expect("method and path");
        let operation = operations
            .keys()
            .find(|(of, template)| of == method && is_of(path, template));
        // Probes, and what nobody routes.
        let Some(operation) = operation else { continue };
        assert!(
            operations[operation].contains(&status),
            "{asked} was answered {status}, and {operation:?} may answer {:?}",
            operations[operation]
        );
        if status < 300 {
            done.insert(operation.clone());
        }
    }
    let missing: Vec<_> = operations
        .keys()
        .filter(|operation| !done.contains(operation))
        // Nothing is parked here, and no provider contradicts the books: the projector's own tests and
        // those of what is done by hand do these.
        .filter(|(_, path)| !path.contains("/parked/{position}"))
        .filter(|(_, path)| !path.ends_with("/contradictions/{task_id}/settle"))
        .collect();
    assert!(missing.is_empty(), "never done: {missing:?}");
}

/// Whether `path` is one of those that `template` stands for.
fn is_of(path: &str, template: &str) -> bool {
    let (path, template) = (path.split('/'), template.split('/'));
    path.clone().count() == template.clone().count()
        && path
            .zip(template)
            .all(|(part, wanted)| wanted.starts_with('{') || part == wanted)
}

pub(super) async fn the_process_tells_how_it_is(p: &Platform) {
    for path in ["/livez", "/readyz", "/startupz"] {
        p.api.get(path).await.expect(200);
    }
    let docs = p.api.get("/docs").await;
    assert!(docs.status == 200, "/docs: {}", docs.status);
    let metrics = p.api.get("/metrics").await.expect(200).text;
    assert!(metrics.contains("http_requests_total"), "{metrics}");
}
