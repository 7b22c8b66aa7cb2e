//! Which node is asked, and which servers are refused.

use crate::{build::*, world::connect_kurrentdb};
use domain::Position;
use kurrent_double::{Fake, Fault};
use std::time::Duration;
use store::{EventReader, EventStore, KurrentOptions, KurrentStore, StoreError};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_asked_which_of_it_leads() {
    let fake = Fake::cluster(3).await;
    fake.lead(2);
    let store = connect_kurrentdb(&fake.url(), "orders").await;
    let stream = new_stream();
    done(&store, &append(&[(&stream, 0, 1)])).await;
    assert_eq!(store.read_all(Position::ZERO, 10).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_leader_is_followed_by_reads_and_by_appends() {
    let fake = Fake::cluster(3).await;
    let store = connect_kurrentdb(&fake.url(), "orders").await;
    let stream = new_stream();
    done(&store, &append(&[(&stream, 0, 1)])).await;
    for (round, node) in [1, 2, 0, 2].into_iter().enumerate() {
        fake.lead(node);
        if round % 2 == 0 {
            assert_eq!(length(&store, &stream).await, round + 1);
        }
        done(&store, &append(&[(&stream, round as i64 + 1, 1)])).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_named_alone_leads_to_the_one_that_leads() {
    let fake = Fake::cluster(2).await;
    fake.lead(1);
    let store = connect_kurrentdb(&fake.url_of(0), "orders").await;
    done(&store, &append(&[(&new_stream(), 0, 1)])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_is_made_anew() {
    let fake = Fake::start().await;
    let store = connect_kurrentdb(&fake.url(), "orders").await;
    let stream = new_stream();
    for at in 0..3 {
        let lost = append(&[(&stream, at, 1)]);
        fake.next(Fault::CutAfter);
        assert!(store.append(std::slice::from_ref(&lost)).await.is_err());
        assert_eq!(length(&store, &stream).await, at as usize + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_too_old_is_refused_with_its_version() {
    for version in ["25.1.2", "26.0.3", "24.10.4"] {
        let fake = Fake::start().await;
        *fake.shared.version.lock().unwrap() = version.into();
        let options = KurrentOptions::parse(&fake.url()).unwrap();
        let Err(error) = KurrentStore::connect(options).await else {
            panic!("{version} is taken");
        };
        assert!(!error.is_transient(), "{error:?}");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(
            source.contains(version) && source.contains("26.1"),
            "{source}"
        );
    }
    for version in ["26.1.0", "26.10.1-rc.1", "27.0.0"] {
        let fake = Fake::start().await;
        *fake.shared.version.lock().unwrap() = version.into();
        connect_kurrentdb(&fake.url(), "orders").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_it_is_is_said_with_every_call() {
    let fake = Fake::start().await;
    *fake.shared.authorization.lock().unwrap() = Some("Basic YWRtaW46Y2hhbmdlaXQ=".into());
    let url = fake.url();
    let stranger = KurrentStore::connect(KurrentOptions::parse(&url).unwrap()).await;
    let Err(error) = stranger else {
        panic!("a stranger is let in");
    };
    assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
    let url = url.replace("://", "://admin:changeit@");
    let store = connect_kurrentdb(&url, "orders").await;
    done(&store, &append(&[(&new_stream(), 0, 1)])).await;
    store.now().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_there_is_told_in_time() {
    let port = local::free_port().unwrap();
    for url in [
        format!("kurrentdb://127.0.0.1:{port}?tls=false"),
        format!("kurrentdb+discover://127.0.0.1:{port}?tls=false&discoveryInterval=10"),
    ] {
        let options = KurrentOptions::parse(&url).unwrap();
        let options = options.connect_timeout(Duration::from_secs(2));
        let connecting = KurrentStore::connect(options);
        let connected = tokio::time::timeout(Duration::from_secs(30), connecting).await;
        let Err(error) = connected.expect("an answer in time") else {
            panic!("somebody answers at {url}");
        };
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_nobody_has_begun_cannot_be_read_yet() {
    let fake = Fake::start().await;
    let options = KurrentOptions::parse(&fake.url()).unwrap();
    let reader = KurrentStore::connect_to_read(options.clone()).await;
    assert!(matches!(reader, Err(StoreError::Unavailable(_))));
    let store = connect_kurrentdb(&fake.url(), "orders").await;
    let reader = KurrentStore::connect_to_read(options).await.unwrap();
    assert_eq!(reader.head().await.unwrap(), store.head().await.unwrap());
    // Another namespace is another store.
    let other = connect_kurrentdb(&fake.url(), "other").await;
    done(&other, &append(&[(&new_stream(), 0, 1)])).await;
    assert_ne!(other.epoch(), store.epoch());
    assert_eq!(store.read_all(Position::ZERO, 10).await.unwrap(), []);
}
