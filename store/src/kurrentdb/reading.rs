//! Reading a bounded number of events.

use super::{
    connection::{ATTEMPTS, Connections, Node},
    event::Read,
    methods,
    names::Namespace,
    status::{Meaning, failed, of_reading},
    wire::{
        AllOption, AllOptions, Content, ControlOption, CountOption, Direction, Empty, Expression,
        Filter, FilterOption, FilterOptions, LogPosition, ReadOptions, ReadRequest, ReadResponse,
        RevisionOption, StreamIdentifier, StreamOption, StreamOptions, UuidOption, UuidText,
        Window,
    },
};
use crate::StoreError;
use chrono::{DateTime, Utc};
use domain::Position;
use futures::{Stream, StreamExt, stream};
use tokio::time::timeout;
use tonic::Status;

/// How many events the server looks through at once for those of ours.
const WINDOW: u32 = 1_000;

/// How many streams are read at once.
const READS_AT_ONCE: usize = 16;

/// What is read, how far, and how much of it.
pub(super) struct Question {
    options: ReadOptions,
    /// It is enough with so many events: the server gives no more, but looks for another before it
    /// ends a read of all events, through all that is not ours.
    count: usize,
    /// It is enough once the payloads hold so many bytes,
    bytes: usize,
    /// without those of what is here or before.
    after: Position,
    /// It is enough with the first that was recorded then or later.
    until: Option<DateTime<Utc>>,
}

/// What a read came to.
pub(super) enum Answer {
    Events(Vec<Read>),
    /// It was to begin where this log has no event.
    NoSuchPosition,
}

impl Question {
    /// At most `count` events of `stream`, from `revision` on.
    pub(super) fn stream(stream: &str, revision: u64, count: usize) -> Self {
        let from = of_stream(stream, RevisionOption::Revision(revision));
        Self::new(from, Direction::Forwards, everything(), count)
    }

    /// The last event of `stream`.
    pub(super) fn last_of(stream: &str) -> Self {
        let from = of_stream(stream, RevisionOption::End(Empty {}));
        Self::new(from, Direction::Backwards, everything(), 1)
    }

    /// At most `count` events of the streams whose names begin with `prefix`, from the one at
    /// `position` on, and no more once those after it hold `bytes` of payload.
    pub(super) fn all_from(prefix: &str, position: Position, count: usize, bytes: usize) -> Self {
        let from = match position {
            Position::ZERO => AllOption::Start(Empty {}),
            position => AllOption::Position(at(position)),
        };
        let filter = matching(prefix.to_owned());
        Self {
            bytes,
            after: position,
            ..Self::new(all(from), Direction::Forwards, filter, count)
        }
    }

    /// The same, and no more once one was recorded at `time` or later.
    pub(super) fn until(self, time: DateTime<Utc>) -> Self {
        Self {
            until: Some(time),
            ..self
        }
    }

    /// At most `count` records of any kind, from the one at `position` on.
    pub(super) fn everything_from(position: Position, count: usize) -> Self {
        let from = all(AllOption::Position(at(position)));
        Self::new(from, Direction::Forwards, everything(), count)
    }

    /// The last record of any kind.
    pub(super) fn end() -> Self {
        let from = all(AllOption::End(Empty {}));
        Self::new(from, Direction::Backwards, everything(), 1)
    }

    /// The last `count` events of all before `position`, the last first; of the end if it is none.
    pub(super) fn all_before(names: &Namespace, position: Option<Position>, count: usize) -> Self {
        let from = position.map_or(AllOption::End(Empty {}), |position| {
            AllOption::Position(at(position))
        });
        let filter = matching(names.events());
        Self::new(all(from), Direction::Backwards, filter, count)
    }

    fn new(from: StreamOption, direction: Direction, filter: FilterOption, count: usize) -> Self {
        let mut options = options(from, direction, counted(count));
        options.filter = Some(filter);
        Self {
            options,
            count,
            bytes: usize::MAX,
            after: Position::ZERO,
            until: None,
        }
    }

    /// Whether nothing is wanted after `event`.
    fn ends_with(&self, event: &Read) -> bool {
        // A time that cannot be read is found by whoever asks.
        let recorded_at = || event.recorded_at().ok();
        self.until
            .is_some_and(|until| recorded_at().is_some_and(|time| time >= until))
    }
}

fn counted(count: usize) -> CountOption {
    // The server does not count further than its own numbers go.
    CountOption::Count(
        u64::try_from(count)
            .unwrap_or(u64::MAX)
            .min(i32::MAX as u64),
    )
}

fn all(from: AllOption) -> StreamOption {
    StreamOption::All(AllOptions { from: Some(from) })
}

fn of_stream(stream: &str, from: RevisionOption) -> StreamOption {
    StreamOption::Stream(StreamOptions {
        stream: Some(StreamIdentifier::of(stream)),
        revision: Some(from),
    })
}

fn everything() -> FilterOption {
    FilterOption::None(Empty {})
}

pub(super) fn at(position: Position) -> LogPosition {
    let position = position.get().unsigned_abs();
    LogPosition {
        commit: position,
        prepare: position,
    }
}

/// Events of the streams whose names begin so.
pub(super) fn matching(prefix: String) -> FilterOption {
    FilterOption::Filter(FilterOptions {
        filter: Some(Filter::Stream(Expression {
            regex: String::new(),
            prefix: vec![prefix],
        })),
        window: Some(Window::Max(WINDOW)),
        checkpoint_interval: 1,
    })
}

pub(super) fn options(
    stream: StreamOption,
    direction: Direction,
    count: CountOption,
) -> ReadOptions {
    ReadOptions {
        stream: Some(stream),
        direction: direction.into(),
        resolve_links: false,
        count: Some(count),
        filter: None,
        uuid: Some(UuidOption {
            content: Some(UuidText::Text(Empty {})),
        }),
        control: Some(ControlOption { compatibility: 1 }),
    }
}

impl Connections {
    /// The events that `question` asks for; tried again over another connection if one breaks.
    pub(super) async fn read(
        &self,
        what: &str,
        question: &Question,
    ) -> Result<Vec<Read>, StoreError> {
        match self.read_at(what, question).await? {
            Answer::Events(events) => Ok(events),
            Answer::NoSuchPosition => {
                let status = Status::invalid_argument("it begins where the log has no event");
                Err(failed(what, status))
            }
        }
    }

    /// What each of `questions` asks for, in their order; several are asked at once.
    pub(super) fn read_each<'a>(
        &'a self,
        what: &'a str,
        questions: Vec<Question>,
    ) -> impl Stream<Item = Result<Vec<Read>, StoreError>> + Send + 'a {
        let reading = questions
            .into_iter()
            .map(move |question| async move { self.read(what, &question).await });
        stream::iter(reading).buffered(READS_AT_ONCE)
    }

    /// As [`read`](Self::read), for whoever does not know whether its place is still there.
    pub(super) async fn read_at(
        &self,
        what: &str,
        question: &Question,
    ) -> Result<Answer, StoreError> {
        let mut asked = None;
        let reading = async {
            let mut attempt = 1;
            loop {
                let node = self.node().await?;
                asked = Some(node.clone());
                let status = match self.read_from(&node, question).await {
                    Ok(events) => return Ok(Answer::Events(events)),
                    Err(status) => status,
                };
                if let Meaning::NoSuchPosition = Meaning::of(&status) {
                    return Ok(Answer::NoSuchPosition);
                }
                if !self.refused(&node, &status) || attempt == ATTEMPTS {
                    return Err(of_reading(what, status));
                }
                attempt += 1;
            }
        };
        match timeout(self.options().reading(), reading).await {
            Ok(read) => read,
            Err(elapsed) => {
                self.doubt(asked.as_ref());
                Err(StoreError::Unavailable(elapsed.into()))
            }
        }
    }

    async fn read_from(&self, node: &Node, question: &Question) -> Result<Vec<Read>, Status> {
        if question.count == 0 {
            return Ok(vec![]);
        }
        let options = Some(question.options.clone());
        let request = self.request(ReadRequest { options }, Some(self.options().reading()));
        let mut calls = node.calls();
        let mut answers =
            methods::streaming::<_, ReadResponse>(&mut calls, methods::READ, request).await?;
        let (mut events, mut bytes) = (Vec::new(), 0);
        while events.len() < question.count && bytes < question.bytes {
            match answers.message().await? {
                None => break,
                Some(answer) => match answer.content {
                    Some(Content::Event(read)) => {
                        if let Some(event) = read.event {
                            if event.commit_position > question.after.get().unsigned_abs() {
                                bytes += event.data.len();
                            }
                            let event = Read(event);
                            let is_last = question.ends_with(&event);
                            events.push(event);
                            if is_last {
                                break;
                            }
                        }
                    }
                    Some(Content::StreamNotFound(_)) => return Ok(vec![]),
                    _ => {}
                },
            }
        }
        Ok(events)
    }
}
