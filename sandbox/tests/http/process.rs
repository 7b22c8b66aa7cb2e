//! The binary itself: what its journal is worth when it is killed, and how it stops.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::harness::{Answer, Merchant, PATIENCE, answer, order};

/// The provider as a process, killed when dropped.
struct Process {
    child: Child,
    merchant: Merchant,
}

impl Process {
    /// Starts it and waits until it takes requests.
    async fn start(journal: &Path) -> Self {
        // A free port may be taken by another process before ours binds it: then try another.
        for _ in 0..10 {
            let port = TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port();
            let child = Command::new(env!("CARGO_BIN_EXE_sandbox"))
                .arg("--journal")
                .arg(journal)
                .env_remove("CONF_PATH")
                .env("ORDERS__HTTP__SANDBOX_PORT", port.to_string())
                .env("ORDERS__TELEMETRY__LOG", "warn")
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            let merchant = Merchant::of(format!("http://127.0.0.1:{port}"));
            let mut process = Self { child, merchant };
            if process.is_ready().await {
                return process;
            }
        }
        panic!("the provider does not start");
    }

    async fn is_ready(&mut self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline && self.child.try_wait().unwrap().is_none() {
            let ready = self
                .merchant
                .request(reqwest::Method::GET, "/readyz")
                .send()
                .await;
            if ready.is_ok_and(|response| response.status() == 200) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    async fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the process does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Authorizes and captures until the provider is gone; returns all answers that came.
async fn shop(merchant: Merchant, worker: usize, done: Arc<AtomicUsize>) -> Vec<(String, Answer)> {
    let mut answers = Vec::new();
    for n in 0.. {
        let key = format!("w{worker}-{n}");
        let request = merchant.posting("/authorizations", &key, &order(&key, "tok_approve"));
        let Ok(authorized) = answer(request).await else {
            break;
        };
        let path = format!("/authorizations/{}/captures", authorized.id());
        answers.push((key.clone(), authorized));
        done.fetch_add(1, Ordering::SeqCst);
        let body = json!({"amount": 1999, "currency": "EUR"});
        if answer(merchant.posting(&path, &format!("{key}-c"), &body))
            .await
            .is_err()
        {
            break;
        }
    }
    answers
}

#[tokio::test]
async fn what_was_answered_survives_a_kill_and_is_booked_once() {
    let directory = TempDir::new().unwrap();
    let journal = directory.path().join("journal.ndjson");
    let mut answers = Vec::new();
    for round in 0..3 {
        let mut process = Process::start(&journal).await;
        let done = Arc::new(AtomicUsize::new(0));
        let mut workers = JoinSet::new();
        for worker in 0..8 {
            let name = round * 8 + worker;
            workers.spawn(shop(process.merchant.clone(), name, Arc::clone(&done)));
        }
        let deadline = Instant::now() + PATIENCE;
        while done.load(Ordering::SeqCst) < 100 {
            assert!(Instant::now() < deadline, "too slow");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        process.signal("-KILL");
        assert!(!process.ended().await.success());
        answers.extend(workers.join_all().await.into_iter().flatten());
    }
    assert!(answers.len() >= 300);

    let process = Process::start(&journal).await;
    let merchant = &process.merchant;
    let before = merchant.summary().await;
    for (key, answered) in &answers {
        let again = merchant.authorize(key, key, "tok_approve").await;
        assert_eq!(
            (again.status, again.replayed, &again.body),
            (200, true, &answered.body)
        );
        // The last capture of each worker may or may not have been booked; now it is, once.
        assert_eq!(
            merchant
                .capture(&format!("{key}-c"), again.id(), 1999)
                .await
                .status,
            200
        );
    }
    let after = merchant.summary().await;
    let booked = before["counts"]["authorized"].as_u64().unwrap();
    assert_eq!(after["counts"]["authorized"], booked);
    assert!(booked >= answers.len() as u64);
    assert_eq!(
        after["references"]["by_authorizations"],
        json!({"1": booked})
    );
    assert_eq!(after["counts"]["captured"], answers.len());
    assert_eq!(after["currencies"]["EUR"]["captured"], 1999 * answers.len());
}

#[tokio::test]
async fn a_journal_has_one_process() {
    let directory = TempDir::new().unwrap();
    let journal = directory.path().join("journal.ndjson");
    let _first = Process::start(&journal).await;
    let second = Command::new(env!("CARGO_BIN_EXE_sandbox"))
        .arg("--journal")
        .arg(&journal)
        .env_remove("CONF_PATH")
        .output()
        .unwrap();
    assert!(!second.status.success());
    let error = String::from_utf8_lossy(&second.stderr);
    assert!(error.contains("in use by another process"), "{error}");
}

#[tokio::test]
async fn a_held_answer_does_not_hold_up_the_stop() {
    let directory = TempDir::new().unwrap();
    let mut process = Process::start(&directory.path().join("journal.ndjson")).await;
    let merchant = process.merchant.clone();
    let held = tokio::spawn(async move { merchant.authorize("k", "r", "tok_timeout").await });
    let deadline = Instant::now() + PATIENCE;
    while process.merchant.known("r").await.is_empty() {
        assert!(Instant::now() < deadline, "never booked");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    process.signal("-TERM");
    assert!(process.ended().await.success());
    assert_eq!(held.await.unwrap().body["status"], "authorized");
}
