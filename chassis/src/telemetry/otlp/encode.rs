//! Spans as OTLP writes them.

use std::time::{Duration, SystemTime};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value},
    resource::v1::Resource,
    trace::v1::{
        ResourceSpans, ScopeSpans, Span, SpanFlags, Status, span::SpanKind, status::StatusCode,
    },
};
use prost::Message;
use traces::{Ended, Kind, TraceContext, Value};

use crate::clock;

/// The flag of a trace that is recorded, in the low bits of a span's flags.
const SAMPLED: u32 = 1;

/// Writes the spans of one process.
pub(super) struct Encoder {
    resource: Resource,
}

impl Encoder {
    /// Of this process, which is one of `service`.
    pub(super) fn new(service: &str) -> Self {
        let attributes = vec![
            text("service.name", service.to_owned()),
            text("service.version", env!("CARGO_PKG_VERSION").to_owned()),
            text("service.instance.id", clock::new_id().to_string()),
        ];
        let resource = Resource {
            attributes,
            ..Resource::default()
        };
        Self { resource }
    }

    /// A request with these spans.
    pub(super) fn encode(&self, spans: impl Iterator<Item = Ended>) -> Vec<u8> {
        let scope = InstrumentationScope {
            name: "orders".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..InstrumentationScope::default()
        };
        let scope_spans = ScopeSpans {
            scope: Some(scope),
            spans: spans.map(span).collect(),
            schema_url: String::new(),
        };
        let resource_spans = ResourceSpans {
            resource: Some(self.resource.clone()),
            scope_spans: vec![scope_spans],
            schema_url: String::new(),
        };
        let request = ExportTraceServiceRequest {
            resource_spans: vec![resource_spans],
        };
        request.encode_to_vec()
    }
}

fn span(ended: Ended) -> Span {
    let attributes = ended.attributes.into_iter();
    let began = nanoseconds(since_the_epoch(ended.began));
    Span {
        trace_id: ended.context.trace_id_bytes().to_vec(),
        span_id: ended.context.span_id_bytes().to_vec(),
        parent_span_id: ended
            .parent
            .map(|parent| TraceContext::span_id_bytes(&parent).to_vec())
            .unwrap_or_default(),
        flags: flags(ended.parent_is_remote),
        name: ended.name.into_owned(),
        kind: kind(ended.kind) as i32,
        start_time_unix_nano: began,
        end_time_unix_nano: began.saturating_add(nanoseconds(ended.took)),
        attributes: attributes
            .map(|(key, value)| attribute(key, value))
            .collect(),
        status: ended.failure.map(|failure| Status {
            message: failure.into_owned(),
            code: StatusCode::Error as i32,
        }),
        ..Span::default()
    }
}

const fn flags(parent_is_remote: bool) -> u32 {
    let remote = match parent_is_remote {
        true => SpanFlags::ContextIsRemoteMask as u32,
        false => 0,
    };
    SAMPLED | SpanFlags::ContextHasIsRemoteMask as u32 | remote
}

const fn kind(kind: Kind) -> SpanKind {
    match kind {
        Kind::Internal => SpanKind::Internal,
        Kind::Server => SpanKind::Server,
        Kind::Client => SpanKind::Client,
        Kind::Producer => SpanKind::Producer,
        Kind::Consumer => SpanKind::Consumer,
    }
}

fn attribute(key: &str, value: Value) -> KeyValue {
    let value = match value {
        Value::Text(text) => any_value::Value::StringValue(text.into_owned()),
        Value::Integer(number) => any_value::Value::IntValue(number),
        Value::Flag(flag) => any_value::Value::BoolValue(flag),
    };
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

fn text(key: &str, text: String) -> KeyValue {
    attribute(key, Value::from(text))
}

fn since_the_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(context: TraceContext, parent: Option<TraceContext>) -> Ended {
        Ended {
            context,
            parent,
            parent_is_remote: parent.is_some(),
            name: "GET /it".into(),
            kind: Kind::Server,
            began: SystemTime::UNIX_EPOCH + Duration::from_nanos(1_700_000_000_000_000_007),
            took: Duration::from_nanos(5),
            attributes: vec![
                ("http.response.status_code", Value::from(500_i64)),
                ("http.route", Value::from("/it")),
                ("again", Value::from(true)),
            ],
            failure: Some("500".into()),
        }
    }

    #[test]
    fn a_span_is_written_as_the_protocol_has_it() {
        let caller = TraceContext::new_root(true);
        let context = caller.child();
        let spans = [ended(context, Some(caller)), ended(caller, None)];
        let written = Encoder::new("command").encode(spans.into_iter());
        let read = ExportTraceServiceRequest::decode(written.as_slice()).unwrap();

        let [of_process] = read.resource_spans.as_slice() else {
            panic!("{read:?}")
        };
        let resource = of_process.resource.as_ref().unwrap();
        let named = |key: &str| resource.attributes.iter().find(|found| found.key == key);
        assert_eq!(
            named("service.name"),
            Some(&text("service.name", "command".into()))
        );
        assert!(named("service.version").is_some() && named("service.instance.id").is_some());
        let [span, root] = of_process.scope_spans[0].spans.as_slice() else {
            panic!("{read:?}")
        };
        assert_eq!(span.trace_id, caller.trace_id_bytes());
        assert_eq!(span.span_id, context.span_id_bytes());
        assert_eq!(span.parent_span_id, caller.span_id_bytes());
        assert_eq!((span.flags, root.flags), (0x301, 0x101));
        assert_eq!(
            (span.name.as_str(), span.kind()),
            ("GET /it", SpanKind::Server)
        );
        assert_eq!(span.start_time_unix_nano, 1_700_000_000_000_000_007);
        assert_eq!(span.end_time_unix_nano, 1_700_000_000_000_000_012);
        assert_eq!(span.attributes[1], text("http.route", "/it".into()));
        assert_eq!(span.status.as_ref().unwrap().code(), StatusCode::Error);
        assert!(root.parent_span_id.is_empty(), "a root has no parent");
    }
}
