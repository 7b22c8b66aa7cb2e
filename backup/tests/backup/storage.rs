//! A bucket over real HTTP: as much of S3's protocol as a backup needs, in this process.

use crate::harness::*;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use backup::{BackupError, Target, Unwatched, verify};
use object_store::aws::AmazonS3Builder;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// What is in all buckets, and how many more writes are taken.
#[derive(Clone, Default)]
pub struct Bucket(Arc<Mutex<Content>>);

#[derive(Default)]
struct Content {
    files: BTreeMap<String, Bytes>,
    writes_left: Option<usize>,
}

impl Bucket {
    pub async fn start() -> (Self, String) {
        let bucket = Self::default();
        let router = Router::new().fallback(answer).with_state(bucket.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (bucket, url)
    }

    /// Takes so many more writes, and then none.
    pub fn take_writes(&self, count: Option<usize>) {
        self.0.lock().unwrap().writes_left = count;
    }

    pub fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().files.keys().cloned().collect()
    }

    pub fn content(&self) -> BTreeMap<String, Bytes> {
        self.0.lock().unwrap().files.clone()
    }

    pub fn set(&self, files: BTreeMap<String, Bytes>) {
        self.0.lock().unwrap().files = files;
    }
}

async fn answer(
    State(bucket): State<Bucket>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let signed = headers.get("authorization").is_some_and(|value| {
        value
            .as_bytes()
            .starts_with(b"AWS4-HMAC-SHA256 Credential=key/")
    });
    if !signed {
        return StatusCode::FORBIDDEN.into_response();
    }
    let mut content = bucket.0.lock().unwrap();
    let path = uri.path().trim_start_matches('/').to_owned();
    let writes = method != Method::GET && method != Method::HEAD;
    if writes && let Some(left) = &mut content.writes_left {
        if *left == 0 {
            return StatusCode::FORBIDDEN.into_response();
        }
        *left -= 1;
    }
    let tags = |content: &Bytes| {
        [
            ("etag", tag(content)),
            ("last-modified", "Fri, 27 Nov 2026 00:00:00 GMT".to_owned()),
        ]
    };
    match method {
        Method::PUT => {
            let there = content.files.get(&path).map(tag);
            let asked = |name| {
                headers
                    .get(name)
                    .map(|value| value.to_str().unwrap().to_owned())
            };
            let is_other = asked("if-match").is_some_and(|asked| there.as_ref() != Some(&asked));
            if is_other || (asked("if-none-match").is_some() && there.is_some()) {
                return StatusCode::PRECONDITION_FAILED.into_response();
            }
            let tags = tags(&body);
            content.files.insert(path, body);
            (tags, "").into_response()
        }
        Method::GET
            if uri
                .query()
                .is_some_and(|query| query.contains("list-type=2")) =>
        {
            list(
                &content.files,
                path.trim_end_matches('/'),
                uri.query().unwrap(),
            )
            .into_response()
        }
        Method::GET | Method::HEAD => match content.files.get(&path) {
            Some(found) => (tags(found), found.clone()).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        },
        Method::DELETE => {
            content.files.remove(&path);
            StatusCode::NO_CONTENT.into_response()
        }
        Method::POST if uri.query() == Some("delete") => {
            let text = String::from_utf8(body.to_vec()).unwrap();
            for key in text.split("<Key>").skip(1) {
                let key = key.split("</Key>").next().unwrap();
                content
                    .files
                    .remove(&format!("{}/{key}", path.trim_end_matches('/')));
            }
            "<?xml version=\"1.0\"?><DeleteResult></DeleteResult>".into_response()
        }
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

fn tag(content: &Bytes) -> String {
    let digest = <sha2::Sha256 as sha2::Digest>::digest(content);
    format!(
        "\"{}\"",
        digest[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    )
}

/// The files of `bucket` whose names begin as asked.
fn list(files: &BTreeMap<String, Bytes>, bucket: &str, query: &str) -> String {
    let prefix = query
        .split('&')
        .find_map(|part| part.strip_prefix("prefix="))
        .unwrap();
    let prefix = prefix.replace("%2F", "/");
    let of_bucket = |(name, content): (&String, &Bytes)| {
        let key = name.strip_prefix(bucket)?.strip_prefix('/')?.to_owned();
        key.starts_with(&prefix).then(|| {
            format!(
                "<Contents><Key>{key}</Key><Size>{}</Size><ETag>{}</ETag>\
                 <LastModified>2026-11-27T00:00:00.000Z</LastModified></Contents>",
                content.len(),
                tag(content).trim_matches('"')
            )
        })
    };
    let found: String = files.iter().filter_map(of_bucket).collect();
    format!(
        "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>"
    )
}

pub fn builder(url: &str) -> AmazonS3Builder {
    AmazonS3Builder::new()
        .with_endpoint(url)
        .with_region("test")
        .with_access_key_id("key")
        .with_secret_access_key("secret")
        .with_allow_http(true)
}

pub fn target(url: &str) -> Target {
    let http = chassis::http_client::loopback().build().unwrap();
    Target::bucket("s3://shop/of/mine", "shop/of/mine/", builder(url), http).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_holds_a_backup() {
    let (bucket, url) = Bucket::start().await;
    let target = target(&url);
    let (one, other) = (memory(), memory());
    let mut commands = fill(&one, 0, 60).await;
    write(&one, &target).await;
    commands.extend(fill(&one, 60, 90).await);
    write(&one, &target).await;
    let names = bucket.names();
    assert!(
        names.contains(&"shop/of/mine/manifest.json".to_owned()),
        "{names:?}"
    );
    assert!(
        !names.iter().any(|name| name.contains("unfinished")),
        "{names:?}"
    );
    verify(&target, &mut Unwatched).await.unwrap();
    restore(&target, &other, KEPT, &mut Unwatched)
        .await
        .unwrap();
    assert_eq!(events(&other).await, events(&one).await);
    answer_the_same(&one, &other, &commands).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_refuses_says_so() {
    let (bucket, url) = Bucket::start().await;
    bucket.take_writes(Some(0));
    let one = memory();
    fill(&one, 0, 10).await;
    let refused = backup::back_up(&one, &target(&url), &small(), &mut Unwatched).await;
    let Err(error @ BackupError::Target { .. }) = refused else {
        panic!("{refused:?}");
    };
    let said = error.to_string();
    assert!(
        said.starts_with("s3://shop/of/mine: writing events/"),
        "{said}"
    );
}

#[test]
fn a_storage_without_tls_is_refused_unless_it_is_allowed() {
    let plain = "http://127.0.0.1:1";
    let s3 = object_store::aws::AmazonS3ConfigKey::S3Endpoint;
    for builder in [
        builder(plain),
        builder("HTTP://127.0.0.1:1"),
        builder("https://127.0.0.1:1").with_config(s3, plain),
    ] {
        let http = chassis::http_client::loopback().build().unwrap();
        let builder = builder.with_allow_http(false);
        let refused = Target::bucket("s3://shop", "shop", builder, http)
            .err()
            .unwrap();
        let source = std::error::Error::source(&refused).unwrap().to_string();
        assert!(source.contains("AWS_ALLOW_HTTP"), "{source}");
    }
    let unknown = Target::open("ftp://x", true, |_| unreachable!("it is not called"));
    let source = unknown.err().unwrap();
    let source = std::error::Error::source(&source).unwrap().to_string();
    assert!(source.contains("ftp:// is not known"), "{source}");
}
