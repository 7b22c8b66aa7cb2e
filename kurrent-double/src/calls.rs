//! The calls, as a node answers them.

use super::{
    log::{Logged, Verdict},
    server::{Connected, Fault},
};
use chrono::Utc;
use futures::{Stream, StreamExt, stream};
use hyper::body::Incoming;
use prost::Message;
use std::{convert::Infallible, pin::Pin, sync::atomic::Ordering, time::Duration};
use store::kurrentdb::wire::{
    AllOption, Any, AppendRecords, Appended, CaughtUp, ConsistencyViolation, ConsistencyViolations,
    Content, CountOption, Direction, Empty, EndPoint, Filter, FilterOption, Member, Members,
    NodeInfo, NotLeader, ReadEvent, ReadOptions, ReadRequest, ReadResponse, RecordedEvent,
    RevisionOption, RichStatus, StreamIdentifier, StreamNotFound, StreamOption,
    StreamStateViolation, Subscribed, SupportedMethods, Timestamp, TransactionTooLarge,
    UuidMessage, VNodeState,
};
use tokio::sync::broadcast::error::RecvError;
use tonic::{Code, Request, Response, Status, body::Body, metadata::MetadataMap, server::Grpc};
use tonic_prost::ProstCodec;
use tower::service_fn;

const LARGEST: usize = 32 << 20;

type Answers = Pin<Box<dyn Stream<Item = Result<ReadResponse, Status>> + Send>>;

pub async fn answer(
    connected: Connected,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Body>, Infallible> {
    let path = request.uri().path().to_owned();
    macro_rules! unary {
        ($call:expr) => {
            Grpc::new(ProstCodec::default())
                .max_decoding_message_size(LARGEST)
                .unary(
                    service_fn(move |request| {
                        let connected = connected.clone();
                        async move { $call(connected, request).await.map(Response::new) }
                    }),
                    request,
                )
                .await
        };
    }
    Ok(match path.as_str() {
        "/event_store.client.server_features.ServerFeatures/GetSupportedMethods" => {
            unary!(features)
        }
        "/event_store.client.gossip.Gossip/Read" => unary!(gossip),
        "/kurrentdb.protocol.v2.streams.StreamsService/AppendRecords" => unary!(append),
        "/event_store.client.streams.Streams/Read" => {
            Grpc::new(ProstCodec::default())
                .max_encoding_message_size(LARGEST)
                .server_streaming(
                    service_fn(move |request| {
                        let connected = connected.clone();
                        async move { read(&connected, request).map(Response::new) }
                    }),
                    request,
                )
                .await
        }
        // Not a call: what asks whether the server is up asks this.
        "/health/live" => hyper::Response::builder()
            .status(204)
            .body(Body::empty())
            .unwrap(),
        _ => Status::unimplemented(path).into_http(),
    })
}

async fn features(connected: Connected, _: Request<Empty>) -> Result<SupportedMethods, Status> {
    let late = connected.shared.says_late_ms.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(late)).await;
    Ok(SupportedMethods {
        methods: vec![],
        version: connected.shared.version.lock().unwrap().clone(),
    })
}

async fn gossip(connected: Connected, _: Request<Empty>) -> Result<Members, Status> {
    let leader = connected.shared.leader.load(Ordering::SeqCst);
    let ports = connected.shared.ports.lock().unwrap().clone();
    let members = ports.iter().enumerate().map(|(node, port)| Member {
        state: match node == leader {
            true => VNodeState::Leader.into(),
            false => VNodeState::Follower.into(),
        },
        is_alive: true,
        end_point: Some(EndPoint {
            address: "127.0.0.1".into(),
            port: u32::from(*port),
        }),
    });
    Ok(Members {
        members: members.collect(),
    })
}

/// Refuses who may not, and what only the leader may answer.
fn admit<M>(connected: &Connected, request: &Request<M>, is_append: bool) -> Result<(), Status> {
    let header = |name: &str| request.metadata().get(name)?.to_str().ok();
    let expected = connected.shared.authorization.lock().unwrap().clone();
    if expected.is_some() && header("authorization") != expected.as_deref() {
        return Err(Status::unauthenticated("who is it?"));
    }
    assert_eq!(
        header("requires-leader"),
        Some("true"),
        "it asks the leader alone"
    );
    let leader = connected.shared.leader.load(Ordering::SeqCst);
    if connected.node == leader {
        return Ok(());
    }
    let port = connected.shared.ports.lock().unwrap()[leader];
    if is_append {
        let details = NotLeader {
            leader: Some(NodeInfo {
                host: "127.0.0.1".into(),
                port: i32::from(port),
            }),
        };
        let name = "kurrent.rpc.NotLeaderNodeErrorDetails";
        return Err(rich(
            Code::FailedPrecondition,
            "not the leader",
            name,
            &details,
        ));
    }
    let mut trailers = MetadataMap::new();
    trailers.insert("exception", "not-leader".parse().unwrap());
    trailers.insert("leader-endpoint-host", "127.0.0.1".parse().unwrap());
    trailers.insert("leader-endpoint-port", port.to_string().parse().unwrap());
    Err(Status::with_metadata(
        Code::NotFound,
        "Leader info available",
        trailers,
    ))
}

fn rich(code: Code, message: &str, name: &str, details: &impl Message) -> Status {
    let rich = RichStatus {
        code: code.into(),
        message: message.into(),
        details: vec![Any {
            type_url: format!("type.googleapis.com/{name}"),
            value: details.encode_to_vec().into(),
        }],
    };
    Status::with_details(code, message, rich.encode_to_vec().into())
}

async fn append(connected: Connected, request: Request<AppendRecords>) -> Result<Appended, Status> {
    admit(&connected, &request, true)?;
    let shared = &connected.shared;
    shared.appends.fetch_add(1, Ordering::SeqCst);
    let fault = shared.faults.lock().unwrap().pop();
    match fault {
        Some(Fault::CutBefore) => return connected.broken().await,
        Some(Fault::Overload) => return Err(Status::resource_exhausted("too busy")),
        _ => {}
    }
    let max_bytes = shared.max_append.load(Ordering::SeqCst);
    let (verdict, news) = {
        let mut log = shared.log.lock().unwrap();
        let before = log.events().len();
        let verdict = log.append(request.get_ref(), max_bytes);
        (verdict, log.events()[before..].to_vec())
    };
    for event in news {
        // Nobody may be listening.
        let _ = shared.news.send(event);
    }
    match fault {
        Some(Fault::CutAfter) => return connected.broken().await,
        Some(Fault::Silence) => std::future::pending().await,
        _ => {}
    }
    match verdict {
        Verdict::Done { position } => Ok(Appended {
            revisions: vec![],
            position: position as i64,
        }),
        Verdict::Violated(violations) => {
            let violations = violations.into_iter().enumerate();
            let violations =
                violations.map(|(nr, (stream, expected, actual))| ConsistencyViolation {
                    check_index: nr as i32,
                    stream_state: Some(StreamStateViolation {
                        stream,
                        expected,
                        actual,
                    }),
                });
            let details = ConsistencyViolations {
                violations: violations.collect(),
            };
            let name =
                "kurrentdb.protocol.v2.streams.errors.AppendConsistencyViolationErrorDetails";
            Err(rich(
                Code::FailedPrecondition,
                "checks failed",
                name,
                &details,
            ))
        }
        Verdict::Mixed => Err(Status::unknown("Exception was thrown by handler.")),
        Verdict::TooLarge { size } => {
            let details = TransactionTooLarge {
                size: size as i32,
                max_size: max_bytes as i32,
            };
            let name =
                "kurrentdb.protocol.v2.streams.errors.AppendTransactionSizeExceededErrorDetails";
            Err(rich(Code::Aborted, "too large", name, &details))
        }
        Verdict::Invalid(rule) => Err(Status::invalid_argument(rule)),
    }
}

impl Connected {
    /// Breaks the connection, and never answers.
    async fn broken<T>(&self) -> T {
        self.cut.cancel();
        std::future::pending().await
    }
}

fn read(connected: &Connected, request: Request<ReadRequest>) -> Result<Answers, Status> {
    admit(connected, &request, false)?;
    let options = request.into_inner().options.unwrap();
    let stream = options.stream.clone().unwrap();
    match (stream, options.count.unwrap()) {
        (StreamOption::Stream(of), CountOption::Count(count)) => {
            let name = String::from_utf8(of.stream.clone().unwrap().stream_name).unwrap();
            let Some(events) = connected.shared.log.lock().unwrap().stream(&name) else {
                let content = Content::StreamNotFound(StreamNotFound { stream: of.stream });
                return Ok(finite(vec![content]));
            };
            let backwards = options.direction() == Direction::Backwards;
            let events: Vec<Logged> = match (of.revision.unwrap(), backwards) {
                (RevisionOption::End(_), true) => events.into_iter().rev().collect(),
                (RevisionOption::Start(_), false) => events,
                (RevisionOption::Revision(from), false) => events
                    .into_iter()
                    .filter(|event| event.revision >= from)
                    .collect(),
                other => panic!("it is never asked for {other:?}"),
            };
            let events = events.into_iter().take(count as usize);
            Ok(finite(events.map(content).collect()))
        }
        (StreamOption::All(of), CountOption::Count(count)) => {
            let log = connected.shared.log.lock().unwrap();
            let events = log.events();
            let place = |at: u64| {
                let index = log.index_of(at);
                // As the server says it where a read is filtered.
                let invalid = "Unexpected FilteredReadAllResult: InvalidPosition";
                index.ok_or_else(|| Status::unknown(invalid))
            };
            let scanned = &connected.shared.scanned;
            let wanted = |event: &&Logged| {
                scanned.fetch_add(1, Ordering::SeqCst);
                matches(&options, event)
            };
            let backwards = options.direction() == Direction::Backwards;
            let found: Vec<_> = match (of.from.unwrap(), backwards) {
                (AllOption::Start(_), false) => events
                    .iter()
                    .filter(wanted)
                    .take(count as usize)
                    .cloned()
                    .collect(),
                (AllOption::Position(at), false) => {
                    let events = events[place(at.commit)?..].iter();
                    events
                        .filter(wanted)
                        .take(count as usize)
                        .cloned()
                        .collect()
                }
                (AllOption::End(_), true) => {
                    let events = events.iter().rev();
                    events
                        .filter(wanted)
                        .take(count as usize)
                        .cloned()
                        .collect()
                }
                (AllOption::Position(at), true) => {
                    let events = events[..place(at.commit)?].iter().rev();
                    events
                        .filter(wanted)
                        .take(count as usize)
                        .cloned()
                        .collect()
                }
                other => panic!("it is never asked for {other:?}"),
            };
            let is_enough = found.len() == count as usize;
            let looks_on = match is_enough {
                true => &connected.shared.looks_on,
                false => &connected.shared.is_endless,
            };
            let answers = finite(found.into_iter().map(content).collect());
            Ok(match looks_on.load(Ordering::SeqCst) {
                true => Box::pin(answers.chain(stream::pending())),
                false => answers,
            })
        }
        (_, CountOption::Subscription(_)) => Ok(subscribe(connected, options)),
    }
}

/// Whether the event is of what is asked for.
fn matches(options: &ReadOptions, event: &Logged) -> bool {
    match (&options.stream, &options.filter) {
        (Some(StreamOption::Stream(of)), _) => {
            of.stream.as_ref().unwrap().stream_name == event.stream.as_bytes()
        }
        (_, Some(FilterOption::Filter(filter))) => match filter.filter.as_ref().unwrap() {
            Filter::Stream(expression) => {
                assert!(expression.regex.is_empty());
                expression
                    .prefix
                    .iter()
                    .any(|prefix| event.stream.starts_with(prefix))
            }
            Filter::EventType(_) => panic!("it is never filtered by type"),
        },
        _ => true,
    }
}

fn subscribe(connected: &Connected, options: ReadOptions) -> Answers {
    let shared = connected.shared.clone();
    let is_of_all = matches!(options.stream, Some(StreamOption::All(_)));
    let news = shared.news.subscribe();
    let dropped = shared.drop_subscriptions.lock().unwrap().clone();
    if is_of_all {
        shared.subscriptions.fetch_add(1, Ordering::SeqCst);
    }
    let now = Utc::now();
    let begun = [
        Content::Subscribed(Subscribed { id: "1".into() }),
        Content::CaughtUp(CaughtUp {
            timestamp: Some(Timestamp {
                seconds: now.timestamp(),
                nanos: now.timestamp_subsec_nanos() as i32,
            }),
        }),
    ];
    let live = stream::unfold(
        (news, dropped, options),
        |(mut news, dropped, options)| async {
            loop {
                let event = tokio::select! {
                    event = news.recv() => event,
                    () = dropped.cancelled() => {
                        let error = Status::aborted("Operation timed out: Consumer too slow");
                        return Some((Err(error), (news, dropped, options)));
                    }
                };
                match event {
                    Ok(event) if matches(&options, &event) => {
                        return Some((Ok(said(content(event))), (news, dropped, options)));
                    }
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        },
    );
    Box::pin(stream::iter(begun.map(|content| Ok(said(content)))).chain(live))
}

fn finite(contents: Vec<Content>) -> Answers {
    Box::pin(stream::iter(
        contents.into_iter().map(|content| Ok(said(content))),
    ))
}

fn said(content: Content) -> ReadResponse {
    ReadResponse {
        content: Some(content),
    }
}

fn content(event: Logged) -> Content {
    let metadata = [
        ("type", event.event_type),
        ("content-type", "application/json".into()),
        ("created", event.created.to_string()),
    ];
    Content::Event(ReadEvent {
        event: Some(RecordedEvent {
            id: Some(UuidMessage { string: event.id }),
            stream: Some(StreamIdentifier::of(&event.stream)),
            revision: event.revision,
            prepare_position: event.position,
            commit_position: event.position,
            metadata: metadata
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            custom_metadata: event.said.into(),
            data: event.data,
        }),
    })
}
