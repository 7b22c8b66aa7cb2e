//! `deploy/image/skeleton.sh`: what an image's libraries are built of before there are any sources.

use crate::said;
use std::{path::Path, process::Command};

#[test]
fn cargo_finds_every_target_of_the_workspace_in_its_skeleton() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let skeleton = tempfile::tempdir().unwrap();
    let mut script = Command::new(root.join("deploy/image/skeleton.sh"));
    said(
        &script
            .arg(skeleton.path())
            .current_dir(root)
            .output()
            .unwrap(),
    );
    let targets = |of: &Path| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["metadata", "--offline", "--no-deps", "--format-version=1"]);
        let output = cargo.current_dir(of).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let mut found = vec![];
        for package in metadata["packages"].as_array().unwrap() {
            for target in package["targets"].as_array().unwrap() {
                let kind = target["kind"][0].as_str().unwrap();
                if ["lib", "bin", "custom-build"].contains(&kind) {
                    found.push(format!("{}: {kind} {}", package["name"], target["name"]));
                }
            }
        }
        found.sort();
        found
    };
    let found = targets(skeleton.path());
    assert_eq!(found, targets(root));
    assert!(found.iter().any(|target| target.contains("containers")));
}
