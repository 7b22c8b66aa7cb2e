//! Contracts that others hold us to, word for word: the API's description, the names of metrics,
//! the command line's help. `UPDATE_GOLDEN=1` writes them anew; the difference is then reviewed.

use chassis::config::reference;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fmt::Write,
    path::{Path, PathBuf},
    process::Command,
};
use tests::platform::{Placement, Platform, Shape, eventually, program};

/// Compares `found` with the golden file `name`.
fn golden(name: &str, found: &str) {
    let path = path(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, found).expect("a golden file can be written");
        return;
    }
    let wanted = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; UPDATE_GOLDEN=1 writes it", path.display()));
    let differ = wanted
        .lines()
        .zip(found.lines())
        .position(|(wanted, found)| wanted != found);
    let differ = differ.or_else(|| {
        let (wanted, found) = (wanted.lines().count(), found.lines().count());
        (wanted != found).then_some(wanted.min(found))
    });
    if let Some(line) = differ {
        let near = |text: &str| -> Vec<String> {
            text.lines()
                .skip(line.saturating_sub(2))
                .take(6)
                .map(str::to_owned)
                .collect()
        };
        panic!(
            "{} differs from line {}:\nit was {:#?}\nit is {:#?}\nIf this is meant, run again with \
             UPDATE_GOLDEN=1 and review the difference.",
            path.display(),
            line + 1,
            near(&wanted),
            near(found)
        );
    }
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_and_the_metrics_are_described_as_before() {
    let platform = Platform::start(Shape::AllInOne, &[]).await;
    let p = &platform;
    let document = p.api.get("/openapi.json").await.expect(200);
    let document: Value = serde_json::from_str(&document.text).expect("it is JSON");
    every_path_is_served(p, &document).await;
    let text = serde_json::to_string_pretty(&document).expect("it is JSON") + "\n";
    golden("openapi.json", &text);

    // One of everything that is usual.
    p.api.receive("A", 10).await;
    let id = p.api.place(&Placement::of("A", 1, 100)).await.order_id();
    p.api.order_that_is("confirmed", &id).await;
    p.api.get("/v1/orders").await.expect(200);
    metrics_are_those_we_promise(p).await;
    p.stop().await;
}

/// What is described is there: a path that is not routed answers another problem.
async fn every_path_is_served(p: &Platform, document: &Value) {
    let paths = document["paths"].as_object().expect("it has paths");
    assert!(paths.len() >= 12, "{:?}", paths.keys());
    for (path, operations) in paths {
        let path = path.replace("{order_id}", "01890000-0000-7000-8000-000000000000");
        let path = path.replace(['{', '}'], "");
        for method in operations
            .as_object()
            .expect("a path has operations")
            .keys()
        {
            let Ok(method) = reqwest::Method::from_bytes(method.to_uppercase().as_bytes()) else {
                continue;
            };
            let answer = p.api.send(p.api.command(method.clone(), &path)).await;
            let code = answer.code();
            assert!(
                !["ROUTE_NOT_FOUND", "METHOD_NOT_ALLOWED"].contains(&code),
                "{method} {path}: {code}"
            );
        }
    }
}

/// The golden list has every name with its type; those after a `?` come only with trouble.
async fn metrics_are_those_we_promise(p: &Platform) {
    let wanted = std::fs::read_to_string(path("metrics.txt")).unwrap_or_default();
    let usual: BTreeSet<String> = wanted
        .lines()
        .filter(|line| !line.starts_with('?') && !line.is_empty())
        .map(str::to_owned)
        .collect();
    let unusual: BTreeSet<String> = wanted
        .lines()
        .filter_map(|line| line.strip_prefix("? "))
        .map(str::to_owned)
        .collect();
    let read = async || {
        let text = p.api.get("/metrics").await.expect(200).text;
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        types.map(str::to_owned).collect::<BTreeSet<String>>()
    };
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let found = read().await;
        let mut text = String::new();
        for name in found.difference(&unusual) {
            writeln!(text, "{name}").expect("a string takes all");
        }
        for name in &unusual {
            writeln!(text, "? {name}").expect("a string takes all");
        }
        golden("metrics.txt", &text);
        return;
    }
    eventually("the usual metrics", async || {
        let found = read().await;
        let missing: Vec<_> = usual.difference(&found).collect();
        missing
            .is_empty()
            .then_some(())
            .ok_or_else(|| format!("without {missing:?}"))
    })
    .await;
    let found = read().await;
    let promised: BTreeSet<String> = usual.union(&unusual).cloned().collect();
    let new: Vec<_> = found.difference(&promised).collect();
    assert!(new.is_empty(), "not among the golden names: {new:?}");
}

#[test]
fn every_setting_is_documented() {
    let mut text = String::from(
        "# Settings\n\n\
         Defaults < a YAML file named by `CONF_PATH` < the environment. A secret can also be read from a\n\
         file: add `_FILE` to its variable, or `_file` to its key. An invalid value stops the start and\n\
         says what is allowed; `orders config print` shows what is in force.\n\n\
         This page is written by a test, from what the programs know of their settings.\n",
    );
    let mut section = String::new();
    for setting in reference() {
        let (of, key) = setting.key.split_once('.').expect("section and key");
        if of != section {
            section = of.to_owned();
            writeln!(
                text,
                "\n## {section}\n\n| key | default | allowed | |\n| --- | --- | --- | --- |"
            )
            .expect("a string takes all");
        }
        let default = match setting.default.as_str() {
            "" => "absent".to_owned(),
            default => format!("`{default}`"),
        };
        let secret = if setting.secret { " Secret." } else { "" };
        writeln!(
            text,
            "| `{key}`<br>`{}` | {default} | {} | {}{secret} |",
            setting.env, setting.allowed, setting.doc
        )
        .expect("a string takes all");
    }
    golden("../../docs/settings.md", &text);
}

#[test]
fn the_command_line_helps_as_before() {
    let mut text = String::new();
    let mut waiting = vec![vec![]];
    while let Some(words) = waiting.pop() {
        let help = help(&words);
        let title = ["orders"]
            .into_iter()
            .chain(words.iter().map(String::as_str));
        let title: Vec<&str> = title.collect();
        writeln!(text, "$ {} --help\n{help}", title.join(" ")).expect("a string takes all");
        let mut below: Vec<Vec<String>> = subcommands(&help)
            .into_iter()
            .map(|name| words.iter().cloned().chain([name]).collect())
            .collect();
        below.reverse();
        waiting.extend(below);
    }
    assert!(text.contains("$ orders serve --help"), "{text}");
    golden("help.txt", &text);
}

fn help(words: &[String]) -> String {
    let output = Command::new(program("orders"))
        .args(words)
        .arg("--help")
        // The help shows what the environment sets.
        .env_remove("ORDERS_URL")
        .env_remove("ORDERS_QUERY_URL")
        .env_remove("ORDERS_PROBE_URL")
        .output()
        .expect("it starts");
    assert!(output.status.success(), "{words:?}: {}", output.status);
    let text = String::from_utf8(output.stdout).expect("help is text");
    // Lines that end in spaces do not survive editors.
    text.lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

fn subcommands(help: &str) -> Vec<String> {
    let section = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    section
        .take_while(|line| line.starts_with("  "))
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}
