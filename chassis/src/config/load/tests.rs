//! Every source, every refusal.

use std::io::Write;

use secrecy::ExposeSecret;

use super::*;

fn load(yaml: &str, environment: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(yaml.as_bytes()).unwrap();
    let environment = environment
        .iter()
        .map(|(k, v)| (OsString::from(k), OsString::from(v)));
    Settings::load_from(Some(file.path()), environment)
}

fn refusal(yaml: &str, environment: &[(&str, &str)]) -> String {
    load(yaml, environment)
        .expect_err("must be refused")
        .to_string()
}

#[test]
fn the_defaults_are_valid() {
    Settings::default().validate().unwrap();
    let settings = Settings::load_from(None, []).unwrap();
    assert_eq!(settings.http.port, 8080);
    assert_eq!(settings.saga.inquiry_schedule_s, [30, 120, 600, 3_600]);
    load("# nothing\n---\n", &[]).unwrap();
    load("http:\n", &[]).unwrap();
}

#[test]
fn environment_beats_file_beats_default() {
    let yaml = "http:\n  port: 9000\n  query_port: 9002\ntenant: {id: shop-1}\n";
    let settings = load(
        yaml,
        &[
            ("ORDERS__HTTP__PORT", "9100"),
            ("ORDERS__SAGA__INQUIRY_SCHEDULE_S", "1,2"),
            ("ORDERS__STORE__NOTIFY", "true"),
            ("ORDERS__TENANT__ID", "007"),
            ("ORDERSX", "ignored"),
        ],
    )
    .unwrap();
    assert_eq!(settings.http.port, 9100);
    assert_eq!(settings.http.query_port, 9002);
    assert_eq!(settings.http.command_port, 8081);
    assert_eq!(settings.saga.inquiry_schedule_s, [1, 2]);
    assert!(settings.store.notify);
    assert_eq!(settings.tenant.id, "007");
}

#[test]
fn a_refusal_names_the_key_its_source_and_what_is_allowed() {
    let message = refusal("", &[("ORDERS__HTTP__PORT", "eighty")]);
    assert!(
        message.contains(
            "http.port (from ORDERS__HTTP__PORT): \"eighty\" is not allowed; \
             allowed: an integer from 1 to 65535"
        ),
        "{message}"
    );
    let message = refusal("http: {max_body_bytes: 5}", &[]);
    assert!(message.contains("http.max_body_bytes (from "), "{message}");
    let message = refusal("telemetry: {format: xml}", &[]);
    assert!(message.contains("allowed: json or text"), "{message}");
}

#[test]
fn every_reason_is_told_at_once() {
    let error = load(
        "htp: {port: 1}\nhttp: {prot: 1, port: 0}\nbus: 3",
        &[("ORDERS__STORE__URI", "x"), ("ORDERS__NONSENSE", "x")],
    )
    .unwrap_err();
    assert_eq!(error.reasons().len(), 6, "{error}");
    let message = error.to_string();
    assert!(message.contains("htp.port"), "{message}");
    assert!(
        message.contains("allowed in http: bind, trust_network, port"),
        "{message}"
    );
    assert!(
        message.contains("allowed in store: url, notify"),
        "{message}"
    );
    assert!(
        message.contains("bus: a section of settings is expected"),
        "{message}"
    );
}

#[test]
fn an_open_address_is_refused_and_the_reason_said() {
    for address in ["0.0.0.0", "::", "10.0.0.1"] {
        let message = refusal("", &[("ORDERS__HTTP__BIND", address)]);
        let said = format!("http.bind (from ORDERS__HTTP__BIND): {address} is not allowed");
        assert!(message.contains(&said), "{message}");
        assert!(message.contains("no authentication"), "{message}");
    }
    for address in ["127.0.0.1", "127.8.8.8", "::1"] {
        load("", &[("ORDERS__HTTP__BIND", address)]).unwrap();
    }

    let mut settings = Settings::default();
    settings.http.bind = "0.0.0.0".parse().unwrap();
    assert!(
        settings
            .validate()
            .unwrap_err()
            .to_string()
            .contains("http.bind")
    );
}

#[test]
fn an_open_address_may_be_had_in_a_network_that_is_trusted() {
    let trusting = |trust| {
        let environment = [
            ("ORDERS__HTTP__BIND", "0.0.0.0"),
            ("ORDERS__HTTP__TRUST_NETWORK", trust),
        ];
        load("", &environment).map(|settings| settings.http.bind.to_string())
    };
    assert_eq!(trusting("true").unwrap(), "0.0.0.0");
    assert!(trusting("false").is_err());
}

#[test]
fn settings_are_checked_against_each_other() {
    let message = refusal("http: {max_body_bytes: 8192, max_bodies_bytes: 4096}", &[]);
    assert!(message.contains("http.max_body_bytes: 8192"), "{message}");
    let message = refusal("query: {default_limit: 100, max_limit: 50}", &[]);
    assert!(message.contains("query.default_limit: 100"), "{message}");
    let message = refusal("projector: {lease_ms: 1000, poll_ms: 900}", &[]);
    assert!(message.contains("projector.poll_ms: 900"), "{message}");
    let message = refusal("store: {max_batch: 10, queue: 5}", &[]);
    assert!(message.contains("store.max_batch: 10"), "{message}");
}

#[test]
fn a_secret_comes_from_a_file_and_is_never_told() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "postgres://u:sesame@db/orders").unwrap();
    let path = file.path().to_str().unwrap();

    let settings = load("", &[("ORDERS__STORE__URL_FILE", path)]).unwrap();
    assert_eq!(
        settings.store.url.expose_secret(),
        "postgres://u:sesame@db/orders"
    );
    assert_eq!(
        settings.read_url().expose_secret(),
        "postgres://u:sesame@db/orders"
    );
    assert!(!format!("{settings:?}").contains("sesame"));
    load(&format!("read: {{url_file: {path}}}"), &[]).unwrap();

    let both = [
        ("ORDERS__STORE__URL", "postgres://h/db"),
        ("ORDERS__STORE__URL_FILE", path),
    ];
    assert!(refusal("", &both).contains("store.url and store.url_file are both set"));
    let message = refusal("", &[("ORDERS__STORE__URL_FILE", "/nowhere/at-all")]);
    assert!(
        message.contains("store.url_file (from ORDERS__STORE__URL_FILE)"),
        "{message}"
    );
    let message = refusal("", &[("ORDERS__STORE__URL", "mysql://u:sesame@db/x")]);
    assert!(!message.contains("sesame"), "{message}");
    assert!(
        message.contains("allowed: postgres://… or postgresql://…"),
        "{message}"
    );
    assert!(refusal("", &[("ORDERS__TENANT__ID_FILE", path)]).contains("no such setting"));
}

#[test]
fn a_broken_or_missing_file_is_named() {
    assert!(refusal("http: [", &[]).contains("the configuration cannot be used"));
    let error = Settings::load_from(Some(Path::new("/nowhere/conf.yaml")), []).unwrap_err();
    assert!(
        error.to_string().contains("CONF_PATH: /nowhere/conf.yaml"),
        "{error}"
    );
}

#[test]
fn what_was_set_is_told_from_what_was_left() {
    let path = tempfile::NamedTempFile::new().unwrap();
    fs::write(path.path(), "http: {port: 8080}\nstore: {queue: 5000}").unwrap();
    let secret = tempfile::NamedTempFile::new().unwrap();
    fs::write(secret.path(), "postgres://h/db").unwrap();
    let environment = [
        ("ORDERS__STORE__QUEUE".into(), "6000".into()),
        ("ORDERS__STORE__URL_FILE".into(), secret.path().into()),
        ("ORDERS__SAGA__PAYMENT_URL".into(), "".into()),
    ];
    let settings = Settings::load_from(Some(path.path()), environment).unwrap();
    let file = path.path().to_str();
    assert_eq!(
        settings.set_by("http.port"),
        file,
        "though it is the default"
    );
    assert_eq!(settings.set_by("store.queue"), Some("ORDERS__STORE__QUEUE"));
    assert_eq!(
        settings.set_by("store.url"),
        Some("ORDERS__STORE__URL_FILE")
    );
    assert_eq!(settings.set_by("saga.payment_url"), None);
    assert_eq!(settings.set_by("http.query_port"), None);
}

#[test]
fn sagas_are_beside_the_store_wherever_the_read_models_are() {
    let both = [
        ("ORDERS__STORE__URL", "postgres://h/store"),
        ("ORDERS__READ__URL", "postgres://h/read"),
    ];
    let settings = load("", &both).unwrap();
    assert_eq!(settings.saga_url().expose_secret(), "postgres://h/store");
    assert_eq!(settings.read_url().expose_secret(), "postgres://h/read");

    // Who says so himself is right; nowhere else may they be.
    let beside = ("ORDERS__SAGA__URL", "postgres://h/store");
    let settings = load("", &[both[0], beside]).unwrap();
    assert_eq!(settings.saga_url().expose_secret(), "postgres://h/store");
    let elsewhere = ("ORDERS__SAGA__URL", "postgres://h/saga");
    let message = refusal("", &[both[0], elsewhere]);
    assert!(
        message.contains("saga.url: the value is not allowed; allowed: that of store.url"),
        "{message}"
    );
}

#[test]
fn a_store_in_kurrentdb_needs_databases_for_what_it_does_not_keep() {
    let store = (
        "ORDERS__STORE__URL",
        "kurrentdb+discover://u:p@a:2113,b?tls=true",
    );
    let message = refusal("", &[store]);
    for key in ["read.url", "saga.url"] {
        assert!(
            message.contains(&format!("{key}: it must be set")),
            "{message}"
        );
    }
    let all = [
        store,
        ("ORDERS__READ__URL", "postgres://h/read"),
        ("ORDERS__SAGA__URL", "postgres://h/saga"),
    ];
    let settings = load("", &all).unwrap();
    assert!(settings.store_is_kurrentdb());
    assert_eq!(settings.saga_url().expose_secret(), "postgres://h/saga");
    assert_eq!(settings.read_url().expose_secret(), "postgres://h/read");
    let message = refusal("", &all[2..]);
    assert!(
        message.contains("saga.url: the value is not allowed"),
        "{message}"
    );
    assert!(refusal("", &[("ORDERS__STORE__URL", "mysql://h/d")]).contains("esdb://"));
}
