//! A client of another make: Python's, from code that its own tools generate from the protocol's files.

use std::{fs, path::Path, process::Stdio};
use tests::platform::{Platform, Shape};
use tokio::process::Command;

/// Python with what `ensure.sh grpc` has fetched.
fn python(root: &Path) -> Command {
    let mut python = Command::new("python3");
    python
        .env("PYTHONPATH", root.join(".data/tools/grpc-python"))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    python
}

async fn run(mut command: Command) -> String {
    let output = command.output().await.expect("python3 can be started");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{said}{problem}\n(deploy/local/ensure.sh grpc fetches what it needs)"
    );
    said
}

/// Whether there is such a client; says that the test is skipped where it could not be fetched. Where
/// nobody has tried to, that is no excuse.
async fn is_there(root: &Path) -> bool {
    let missing = root.join(".data/tools/grpc-python.missing");
    let Ok(why) = fs::read_to_string(&missing) else {
        return true;
    };
    let mut import = python(root);
    import.args(["-c", "import grpc, grpc_tools.protoc, grpc_status"]);
    // Python itself may be what is missing.
    let imported = import.output().await;
    let is_there = imported.is_ok_and(|imported| imported.status.success());
    if !is_there {
        servers::skipped(&servers::test_name(), why.trim());
    }
    is_there
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_another_make_uses_all_four_kinds_of_call() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ is in it");
    if !is_there(root).await {
        return;
    }
    let generated = tempfile::tempdir().unwrap();
    let mut generate = python(root);
    generate
        .args(["-m", "grpc_tools.protoc", "-I"])
        .arg(root.join("proto"))
        .arg(format!("--python_out={}", generated.path().display()))
        .arg(format!("--grpc_python_out={}", generated.path().display()));
    for file in [
        "types",
        "commands",
        "import",
        "queries",
        "shipments",
        "feed",
    ] {
        generate.arg(root.join(format!("proto/orders/v1/{file}.proto")));
    }
    run(generate).await;

    let platform = Platform::start(Shape::AllInOne, &[]).await;
    let mut client = python(root);
    client
        .arg(root.join("tests/foreign/client.py"))
        .arg(platform.api.command_address())
        .arg(generated.path());
    let said = run(client).await;
    let expected = "unary\nserver streaming\nshipment\nclient streaming\nbidirectional\nerrors\n";
    assert_eq!(said, expected);
    platform.stop().await;
}
