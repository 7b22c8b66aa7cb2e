//! One flat JSON object for each log line, with the ids of the request it belongs to and the
//! fields of every span around it.
//!
//! The formatter that comes with the subscriber nests spans below `span`/`spans`; people search
//! for `request_id` and `trace_id`, so here they stand beside the message.

use std::fmt;

use chrono::SecondsFormat;
use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields, FormattedFields,
        format::{JsonFields, Writer},
    },
    registry::LookupSpan,
};

use super::scope;
use crate::clock;

/// How span fields are kept until a line needs them.
pub(super) fn fields() -> JsonFields {
    JsonFields::new()
}

/// Writes an event as one line of JSON.
pub(super) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        let mut line = Map::new();
        if let Some((trace_id, request_id)) = scope::current() {
            line.insert("trace_id".to_owned(), Value::from(trace_id));
            line.insert("request_id".to_owned(), Value::from(request_id));
        }
        // Outermost first, so that what is nearer to the event wins.
        for span in context
            .event_scope()
            .into_iter()
            .flat_map(|scope| scope.from_root())
        {
            let extensions = span.extensions();
            if let Some(fields) = extensions.get::<FormattedFields<N>>()
                && let Ok(Value::Object(fields)) = serde_json::from_str(&fields.fields)
            {
                line.extend(fields);
            }
        }
        event.record(&mut Fields(&mut line));
        let time = clock::now().to_rfc3339_opts(SecondsFormat::Micros, true);
        line.insert("timestamp".to_owned(), Value::from(time));
        line.insert("level".to_owned(), Value::from(metadata.level().as_str()));
        line.insert("target".to_owned(), Value::from(metadata.target()));
        writeln!(writer, "{}", Value::Object(line))
    }
}

/// Collects an event's fields as JSON.
struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        self.put(field, text);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use serde_json::json;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::telemetry::{LogScope, TraceContext, text::TextLines};

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_flat_and_carries_the_fields_of_every_span() {
        let sink = Sink::default();
        let writer = sink.clone();
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(move || writer.clone())
            .event_format(JsonLines)
            .fmt_fields(fields());
        let subscriber = tracing_subscriber::registry().with(layer);

        tracing::subscriber::with_default(subscriber, || {
            let request = tracing::info_span!("request", trace_id = "t1", request_id = "r1");
            let _request = request.enter();
            let _inner = tracing::info_span!("inner", step = 2).entered();
            let error = io::Error::other("disk \"full\"");
            tracing::warn!(
                count = 3,
                failed = true,
                error = &error as &dyn std::error::Error,
                "a\nb"
            );
        });

        let written = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        assert_eq!(written.lines().count(), 1, "{written}");
        let line: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(line["trace_id"], "t1");
        assert_eq!(line["request_id"], "r1");
        assert_eq!(line["step"], 2);
        assert_eq!(line["count"], 3);
        assert_eq!(line["failed"], json!(true));
        assert_eq!(line["error"], "disk \"full\"");
        assert_eq!(line["message"], "a\nb");
        assert_eq!(line["level"], "WARN");
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    }

    #[tokio::test]
    async fn lines_of_a_request_carry_its_ids_in_both_formats() {
        let sink = Sink::default();
        let (json, text) = (sink.clone(), sink.clone());
        let subscriber = tracing_subscriber::registry()
            .with(
                tracing_subscriber::fmt::layer()
                    .with_writer(move || json.clone())
                    .event_format(JsonLines)
                    .fmt_fields(fields()),
            )
            .with(
                tracing_subscriber::fmt::layer()
                    .with_ansi(false)
                    .with_writer(move || text.clone())
                    .event_format(TextLines::new(false)),
            );
        let _default = tracing::subscriber::set_default(subscriber);

        let trace = TraceContext::new_root(false);
        let request_id = "r-7".parse().unwrap();
        LogScope { trace, request_id }
            .run(async { tracing::info!("inside") })
            .await;
        tracing::info!("outside");

        let written = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        let (inside, outside): (Vec<_>, Vec<_>) =
            written.lines().partition(|line| line.contains("inside"));
        assert_eq!((inside.len(), outside.len()), (2, 2), "{written}");
        assert!(inside.iter().all(|line| line.contains("r-7")), "{written}");
        assert!(
            inside.iter().all(|line| line.contains(&trace.trace_id())),
            "{written}"
        );
        assert!(
            outside.iter().all(|line| !line.contains("request_id")),
            "{written}"
        );
    }
}
