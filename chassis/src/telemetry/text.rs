//! Log lines for people: the usual format, with the request's ids at the end.

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Writer},
    },
    registry::LookupSpan,
};

use super::scope;

/// Writes an event as one line of text.
pub(super) struct TextLines {
    usual: Format,
}

impl TextLines {
    /// With colours or without.
    pub(super) fn new(colours: bool) -> Self {
        Self {
            usual: Format::default().with_ansi(colours),
        }
    }
}

impl<S, N> FormatEvent<S, N> for TextLines
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
        let mut line = String::new();
        self.usual
            .format_event(context, Writer::new(&mut line), event)?;
        writer.write_str(line.trim_end_matches('\n'))?;
        scope::write_current(&mut writer)?;
        writeln!(writer)
    }
}
