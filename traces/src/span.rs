//! A piece of work in a trace, from its begin to its end.

use crate::{TraceContext, recorder::recorder};
use std::{
    borrow::Cow,
    time::{Duration, Instant, SystemTime},
};

/// What a span is to those on its other side, in OpenTelemetry's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nobody else takes part.
    Internal,
    /// Somebody's request is answered.
    Server,
    /// Somebody is asked, and answers.
    Client,
    /// A message is sent.
    Producer,
    /// A message is worked on.
    Consumer,
}

/// What an attribute says.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Words.
    Text(Cow<'static, str>),
    /// A number.
    Integer(i64),
    /// Yes or no.
    Flag(bool),
}

/// A piece of work, or nothing if it is not recorded. It ends when it is dropped.
#[derive(Debug, Default)]
#[must_use = "a span ends when it is dropped"]
pub struct Span(Option<Box<Open>>);

#[derive(Debug)]
struct Open {
    span: Ended,
    began: Instant,
}

/// A span that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// Its step in the trace.
    pub context: TraceContext,
    /// The step that it follows from; none where the trace begins here.
    pub parent: Option<TraceContext>,
    /// Whether that step was in another process.
    pub parent_is_remote: bool,
    /// What was done.
    pub name: Cow<'static, str>,
    /// What it is to those on its other side.
    pub kind: Kind,
    /// When it began.
    pub began: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// What is to be said of it.
    pub attributes: Vec<(&'static str, Value)>,
    /// Why it failed, if it did.
    pub failure: Option<Cow<'static, str>>,
}

impl Span {
    /// No span.
    pub const NONE: Self = Self(None);

    /// A request from outside, and the context that everything it leads to is of: it is recorded if
    /// its caller's trace is, or, where it has no caller, if it is drawn.
    ///
    /// What is not recorded leaves no gap: its caller's context goes on as it is, and what begins here
    /// is marked as not recorded.
    pub fn enter(parent: Option<TraceContext>, kind: Kind) -> (TraceContext, Self) {
        let Some(recorder) = recorder() else {
            return (Self::pass(parent), Self::NONE);
        };
        let context = match parent {
            Some(parent) if parent.is_sampled() => parent.child(),
            Some(parent) => return (parent, Self::NONE),
            None => {
                let root = TraceContext::new_root(true);
                if !recorder.sampling.takes(&root) {
                    return (root.unsampled(), Self::NONE);
                }
                root
            }
        };
        (context, Self::open(context, parent, true, kind, "".into()))
    }

    /// The context of a request from outside that is not recorded, whoever asks.
    #[must_use]
    pub fn pass(parent: Option<TraceContext>) -> TraceContext {
        parent.unwrap_or_else(|| TraceContext::new_root(false))
    }

    /// What follows from `parent`, which [`recorded`](crate::recorded) has found or another span is
    /// of; nothing if there is none. The name is made only if it is needed.
    pub fn begin<N>(parent: Option<TraceContext>, kind: Kind, name: impl FnOnce() -> N) -> Self
    where
        N: Into<Cow<'static, str>>,
    {
        match parent {
            Some(parent) => Self::open(parent.child(), Some(parent), false, kind, name().into()),
            None => Self::NONE,
        }
    }

    /// The same, and `parent` is of another process.
    pub fn begin_remote<N>(
        parent: Option<TraceContext>,
        kind: Kind,
        name: impl FnOnce() -> N,
    ) -> Self
    where
        N: Into<Cow<'static, str>>,
    {
        let mut span = Self::begin(parent, kind, name);
        if let Some(open) = &mut span.0 {
            open.span.parent_is_remote = true;
        }
        span
    }

    fn open(
        context: TraceContext,
        parent: Option<TraceContext>,
        parent_is_remote: bool,
        kind: Kind,
        name: Cow<'static, str>,
    ) -> Self {
        let span = Ended {
            context,
            parent,
            parent_is_remote: parent_is_remote && parent.is_some(),
            name,
            kind,
            began: SystemTime::now(),
            took: Duration::ZERO,
            attributes: vec![],
            failure: None,
        };
        let began = Instant::now();
        Self(Some(Box::new(Open { span, began })))
    }

    /// Whether it is recorded: ask before making what only a span needs.
    #[must_use]
    pub const fn is_recorded(&self) -> bool {
        self.0.is_some()
    }

    /// Its step in the trace, for what follows from it; none if it is not recorded.
    #[must_use]
    pub fn context(&self) -> Option<TraceContext> {
        self.0.as_ref().map(|open| open.span.context)
    }

    /// The `traceparent` of what follows from it: its own step, or if it is not recorded, `otherwise`.
    #[must_use]
    pub fn traceparent_or(&self, otherwise: Option<&str>) -> Option<String> {
        match self.context() {
            Some(context) => Some(context.to_string()),
            None => otherwise.map(str::to_owned),
        }
    }

    /// Names it, where its name was not known at its begin.
    pub fn name(&mut self, name: impl Into<Cow<'static, str>>) {
        if let Some(open) = &mut self.0 {
            open.span.name = name.into();
        }
    }

    /// Says something of it.
    pub fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        if let Some(open) = &mut self.0 {
            open.span.attributes.push((key, value.into()));
        }
    }

    /// It failed, and why; of several reasons the first one stays.
    pub fn fail(&mut self, why: impl Into<Cow<'static, str>>) {
        if let Some(open) = &mut self.0 {
            open.span.failure.get_or_insert(why.into());
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let (Some(open), Some(recorder)) = (self.0.take(), recorder()) {
            let Open { mut span, began } = *open;
            span.took = began.elapsed();
            recorder.take(span);
        }
    }
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}
