//! A trace as the tree that it is.

use super::CALLER;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use std::collections::{BTreeMap, BTreeSet};
use tests::platform::Received;

/// What an order must leave in its trace, each below what it follows from; there may be more. How it is
/// placed and looked at is called otherwise over gRPC.
const STEPS: &str = "
PLACE
  command: decide place_order
  command: append place_order
    command: publish ORDERS_EVENTS
    projector: fold order_summary
    saga: react inventory
      saga: decide reservation
      saga: append reservation
        command: publish ORDERS_EVENTS
        projector: fold stock_level
        saga: react payment
          saga: decide payment
          saga: append payment
            command: publish ORDERS_EVENTS
            saga: react payment
              saga: perform authorize
                saga: POST
                  sandbox: POST /authorizations
                saga: decide payment
                saga: append payment
                  command: publish ORDERS_EVENTS
                  saga: react order
                    saga: decide confirm_order
                    saga: append confirm_order
                      command: publish ORDERS_EVENTS
                      projector: fold order_summary
  LOOK
";

/// Each of [`STEPS`] with all that it follows from, the first step first.
fn steps(place: &str, look: &str) -> Vec<Vec<String>> {
    let mut above: Vec<String> = vec![];
    let steps = STEPS.replace("PLACE", place).replace("LOOK", look);
    let lines = steps.lines().filter(|line| !line.is_empty());
    let step = |line: &str| {
        let name = line.trim_start();
        above.truncate((line.len() - name.len()) / 2);
        above.push(name.to_owned());
        above.clone()
    };
    lines.map(step).collect()
}

/// A trace as a tree.
pub(super) struct Tree {
    spans: BTreeMap<String, Received>,
    /// Each span with all that it follows from, the first step first.
    paths: BTreeMap<String, Vec<String>>,
    sent: usize,
}

impl Tree {
    pub(super) fn of(received: Vec<Received>) -> Self {
        let sent = received.len();
        let spans: BTreeMap<String, Received> = received
            .into_iter()
            .map(|span| (span.id.clone(), span))
            .collect();
        let path = |span: &Received| {
            let mut path = vec![label(span)];
            let mut at = span;
            while let Some(parent) = spans.get(&at.parent) {
                path.push(label(parent));
                at = parent;
            }
            path.reverse();
            path
        };
        let paths = spans
            .iter()
            .map(|(id, span)| (id.clone(), path(span)))
            .collect();
        Self { spans, paths, sent }
    }

    pub(super) fn missing(&self, place: &str, look: &str) -> Vec<String> {
        let there: BTreeSet<&Vec<String>> = self.paths.values().collect();
        let steps = steps(place, look)
            .into_iter()
            .filter(|step| !there.contains(step));
        let orphans = self
            .orphans()
            .map(|span| format!("the parent of {}", label(span)));
        steps.map(|step| step.join(" > ")).chain(orphans).collect()
    }

    /// Those whose parents are not there, but for what the caller did, who records elsewhere.
    fn orphans(&self) -> impl Iterator<Item = &Received> {
        let known =
            |span: &&Received| span.parent == CALLER || self.spans.contains_key(&span.parent);
        self.spans.values().filter(move |span| !known(span))
    }

    pub(super) fn only(&self, name: &str) -> &Received {
        let found: Vec<_> = self
            .spans
            .values()
            .filter(|span| label(span) == name)
            .collect();
        assert_eq!(found.len(), 1, "{name}: {found:#?}");
        found[0]
    }

    /// One tree, no span twice, each process one instance, and nothing before what it follows from.
    pub(super) fn is_whole(&self, place: &str) {
        assert_eq!(self.spans.len(), self.sent, "a span came twice");
        let from_caller = self.spans.values().filter(|span| span.parent == CALLER);
        let from_caller: Vec<_> = from_caller.map(label).collect();
        assert_eq!(from_caller, [place]);
        let instances: BTreeSet<_> = self
            .spans
            .values()
            .map(|span| (&span.service, &span.instance))
            .collect();
        let services: Vec<&str> = instances.iter().map(|(name, _)| name.as_str()).collect();
        let all = ["command", "projector", "query", "saga", "sandbox"];
        assert_eq!(services, all);
        for span in self.spans.values() {
            assert!(!span.failed, "{span:#?}");
            assert!(span.time.start() <= span.time.end(), "{span:#?}");
            if let Some(parent) = self.spans.get(&span.parent) {
                assert!(
                    span.time.start() >= parent.time.start(),
                    "{span:#?}\n{parent:#?}"
                );
            }
        }
    }

    /// Kinds and attributes, as OpenTelemetry has them.
    pub(super) fn says_what_it_should(&self) {
        self.says("command: decide place_order", SpanKind::Internal, &[]);
        let postgres = [("db.system.name", "postgresql"), ("orders.outcome", "done")];
        self.says("command: append place_order", SpanKind::Client, &postgres);
        let nats = [
            ("messaging.system", "nats"),
            ("messaging.operation.type", "send"),
        ];
        self.says("command: publish ORDERS_EVENTS", SpanKind::Producer, &nats);
        self.says("saga: react inventory", SpanKind::Consumer, &[]);
        self.says("projector: fold order_summary", SpanKind::Consumer, &[]);
        let call = [
            ("http.request.method", "POST"),
            ("server.address", "127.0.0.1"),
        ];
        self.says("saga: POST", SpanKind::Client, &call);
        self.says("sandbox: POST /authorizations", SpanKind::Server, &[]);
    }

    /// Every span of this name is of this kind, and says this.
    pub(super) fn says(&self, name: &str, kind: SpanKind, what: &[(&str, &str)]) {
        let found = self.spans.values().filter(|span| label(span) == name);
        let found: Vec<_> = found.collect();
        assert!(!found.is_empty(), "there is no {name}");
        for span in found {
            assert_eq!(span.kind, kind, "{span:#?}");
            for (key, value) in what {
                let said = span.attributes.get(*key).map(String::as_str);
                assert_eq!(said, Some(*value), "{key} of {span:#?}");
            }
        }
    }

    pub(super) fn drawn(&self) -> String {
        let mut paths: Vec<_> = self.paths.values().collect();
        paths.sort();
        let line = |path: &Vec<String>| {
            let last = path.last().map_or("", String::as_str);
            format!("{}{last}\n", "  ".repeat(path.len()))
        };
        paths.into_iter().map(line).collect()
    }
}

fn label(span: &Received) -> String {
    format!("{}: {}", span.service, span.name)
}
