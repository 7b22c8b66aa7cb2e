//! What is deployed beside the programs says the same as the programs: settings, ports, metrics,
//! toolchain.

use chassis::config::{HttpSettings, reference};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(path: &str) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The words of a text that begin with `prefix`.
fn words<'t>(text: &'t str, prefix: &'t str) -> impl Iterator<Item = &'t str> {
    let end = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    text.match_indices(prefix)
        .map(move |(at, _)| text[at..].split(end).next().unwrap_or_default())
}

#[test]
fn the_containers_are_told_settings_that_exist() {
    let known: BTreeSet<String> = reference()
        .into_iter()
        .flat_map(|setting| {
            let file = setting.secret.then(|| format!("{}_FILE", setting.env));
            [Some(setting.env), file]
        })
        .flatten()
        .collect();
    let compose = text("docker-compose.yml");
    let told: Vec<&str> = words(&compose, "ORDERS__").collect();
    assert!(told.len() > 8, "{told:?}");
    for name in told {
        assert!(known.contains(name), "there is no setting {name}");
    }
}

#[test]
fn everybody_looks_for_a_service_where_it_listens() {
    let http = HttpSettings::default();
    let ports = [
        ("command", http.command_port),
        ("query", http.query_port),
        ("projector", http.projector_port),
        ("saga", http.saga_port),
        ("sandbox", http.sandbox_port),
    ];
    let (compose, prometheus) = (
        text("docker-compose.yml"),
        text("deploy/compose/prometheus.yml"),
    );
    for (service, port) in ports {
        let service_begins = format!("\n  {service}:\n");
        let described = compose
            .split_once(&service_begins)
            .unwrap_or_else(|| panic!("docker-compose.yml has no service {service}"))
            .1;
        let described = described.split("\n\n").next().unwrap_or_default();
        let probed = format!("\"http://127.0.0.1:{port}/readyz\"");
        assert!(described.contains(&probed), "{service}: {described}");
        let scraped = format!("{{names: [{service}], type: A, port: {port},");
        assert!(prometheus.contains(&scraped), "{service}: {prometheus}");
    }
    let nginx = text("deploy/compose/nginx.conf");
    // Command, query and saga.
    for (service, port) in [ports[0], ports[1], ports[3]] {
        let server = format!("server {service}:{port} resolve ");
        assert_eq!(nginx.matches(&server).count(), 2, "for HTTP and for gRPC");
    }
}

#[test]
fn every_grpc_service_is_passed_on_to_whoever_has_it() {
    let nginx = text("deploy/compose/nginx.conf");
    let locations: Vec<(&str, &str)> = nginx
        .split("\n        location ")
        .filter_map(|location| location.split_once(" {\n"))
        .collect();
    let ours = |name: &String| name.starts_with("orders.v1.");
    let services: Vec<String> = proto::services().into_iter().filter(ours).collect();
    assert!(services.len() > 9, "{services:?}");
    for service in services {
        let name = service.trim_start_matches("orders.v1.");
        let is_word = |word: &str| word == name;
        let end = |c: char| !c.is_ascii_alphanumeric();
        let (_, body) = locations
            .iter()
            .find(|(path, _)| !path.starts_with("= ") && path.split(end).any(is_word))
            .unwrap_or_else(|| panic!("nginx knows nobody for {service}"));
        let side = match name {
            "Webhooks" | "Emails" => "saga",
            "OrderFeed" => "query",
            name if name.ends_with("Queries") => "query",
            _ => "command",
        };
        let passed = format!("grpc_pass grpc://{side}_grpc;");
        let body = body.split('}').next().unwrap_or_default();
        assert!(body.contains(&passed), "{service}: {body}");
        // Who goes away in the middle of a call has somebody else asked; a stream begins anew by itself.
        let again = "grpc_next_upstream error timeout non_idempotent;";
        let is_stream = matches!(name, "OrderFeed" | "OrderImport");
        assert_eq!(body.contains(again), !is_stream, "{service}: {body}");
    }
}

/// The metrics that an expression asks for: what is left of it without labels, ranges and functions.
fn metrics(expression: &str) -> BTreeSet<String> {
    let mut bare = String::new();
    let mut depth = 0;
    for c in expression.chars() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            _ if depth == 0 => bare.push(c),
            _ => {}
        }
    }
    while let Some(at) = bare.find(" by (") {
        let end = bare[at..].find(')').expect("it is closed") + at;
        bare.replace_range(at..=end, "");
    }
    let mut found = BTreeSet::new();
    let mut rest = bare.as_str();
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic()) {
        rest = &rest[start..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        let is_function = after.trim_start().starts_with('(');
        if !is_function && !["or", "and", "unless"].contains(&word) {
            found.insert(word.to_owned());
        }
    }
    found
}

#[test]
fn an_expression_is_read_for_its_metrics() {
    let expression = "histogram_quantile(0.99, sum by (le, call) \
                      (rate(saga_call_seconds_bucket{job=~\"a|b\"}[$__rate_interval]))) or vector(0)";
    let found: Vec<String> = metrics(expression).into_iter().collect();
    assert_eq!(found, ["saga_call_seconds_bucket"]);
    let found: Vec<String> = metrics("max(relay_lag_events) > 10000 or up == 0")
        .into_iter()
        .collect();
    assert_eq!(found, ["relay_lag_events", "up"]);
}

/// Every `expr` of a dashboard, at any depth.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(expression)) = object.get("expr") {
                found.push(expression.clone());
            }
            object.values().for_each(|value| expressions(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| expressions(value, found)),
        _ => {}
    }
}

#[test]
fn dashboards_and_alerts_ask_for_metrics_that_there_are() {
    let golden = text("tests/golden/metrics.txt");
    let mut promised = BTreeSet::from(["up".to_owned()]);
    for line in golden.lines() {
        let line = line.trim_start_matches("? ");
        let (name, kind) = line.split_once(' ').expect("a name and a type");
        match kind {
            "histogram" => {
                promised.extend(["_bucket", "_sum", "_count"].map(|part| format!("{name}{part}")))
            }
            _ => _ = promised.insert(name.to_owned()),
        }
    }

    let dashboard = text("deploy/compose/grafana/dashboards/orders.json");
    let dashboard: Value = serde_json::from_str(&dashboard).expect("it is JSON");
    let mut asked = vec![];
    expressions(&dashboard, &mut asked);
    assert!(asked.len() > 40, "{asked:#?}");
    let alerts = text("deploy/compose/alerts.yml");
    let alerts = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("expr: "));
    asked.extend(alerts.map(str::to_owned));
    for expression in asked {
        let found = metrics(&expression);
        assert!(!found.is_empty(), "{expression}");
        for metric in found {
            assert!(promised.contains(&metric), "{metric} in {expression}");
        }
    }
}

#[test]
fn the_image_is_built_with_the_toolchain_of_development() {
    let toolchain = text("rust-toolchain.toml");
    let channel = toolchain
        .lines()
        .find_map(|line| line.strip_prefix("channel = "))
        .expect("a channel is named")
        .trim_matches('"');
    let dockerfile = text("Dockerfile");
    let image = dockerfile
        .lines()
        .find_map(|line| line.strip_prefix("ARG BUILD_IMAGE=rust:"))
        .expect("an image is named");
    let version = image.split('-').next().unwrap_or_default();
    assert!(
        channel == version || channel.starts_with(&format!("{version}.")),
        "{channel} in development, {version} in the image"
    );
}
