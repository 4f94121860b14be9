//! The log: text or JSON, on standard error, one line an event. Every line that a request brings about carries the request's
//! id. What clients send gets into it only where its form was checked, and whatever gets into it cannot end a line or
//! command a terminal.

use std::fmt;
use std::panic;

use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber, enabled, error, warn};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{
    Format, FormatEvent, FormatFields, Json, JsonFields, Writer,
};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{LogConfig, LogFormat};
use crate::http::current_request_id;

/// Starts logging for the whole process, and has panics logged without what they say: it may quote a value.
pub(crate) fn start(config: &LogConfig) {
    let builder = tracing_subscriber::fmt()
        .with_max_level(config.level)
        .with_writer(std::io::stderr)
        .with_ansi(false);
    // Libraries below us may tell what goes over the wire, tokens included, to whoever asks for details.
    let ours = Targets::new()
        .with_target("ssm_", config.level)
        .with_default(config.level.min(LevelFilter::WARN));
    match config.format {
        LogFormat::Text => builder.event_format(text()).finish().with(ours).init(),
        LogFormat::Json => builder
            .fmt_fields(JsonFields::new())
            .event_format(json())
            .finish()
            .with(ours)
            .init(),
    }
    panic::set_hook(Box::new(|panic| {
        let location = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        error!(location, "a bug: panicked");
    }));
}

fn text() -> Line<Format> {
    let format = tracing_subscriber::fmt::format().with_target(false);
    Line {
        format: format.with_ansi(false),
        with_id: |line, id| {
            let end = line.trim_end().len();
            line.truncate(end);
            line.push_str(" request_id=");
            line.push_str(id);
        },
    }
}

fn json() -> Line<Format<Json>> {
    let format = tracing_subscriber::fmt::format().with_target(false).json();
    Line {
        format: format.flatten_event(true),
        with_id: |line, id| {
            if line.starts_with('{') {
                line.insert_str(1, &format!("\"request_id\":\"{id}\","));
            }
        },
    }
}

/// One event, one line, with the id of the request that it belongs to.
struct Line<F> {
    format: F,
    with_id: fn(&mut String, &str),
}

impl<S, N, F> FormatEvent<S, N> for Line<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        let whole = Writer::new(&mut line);
        self.format.format_event(context, whole, event)?;
        current_request_id(|id| (self.with_id)(&mut line, id));
        for part in line.trim_end().split_inclusive(char::is_control) {
            let (plain, control) = match part.char_indices().next_back() {
                Some((at, last)) if last.is_control() => (&part[..at], Some(last)),
                _ => (part, None),
            };
            writer.write_str(plain)?;
            if let Some(control) = control {
                write!(writer, "\\u{:04x}", u32::from(control))?;
            }
        }
        writer.write_char('\n')
    }
}

/// Tells what has to be read once, also where the log leaves warnings out.
pub(crate) fn announce(text: &str) {
    if enabled!(Level::WARN) {
        warn!("{text}");
    } else {
        eprintln!("{text}");
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex, PoisonError};

    use tracing::{Subscriber, info};
    use tracing_subscriber::fmt::format::JsonFields;

    use super::{json, text};

    const FOREIGN: &str = "x\r\nINFO forged=1\u{1b}[31m\u{9b}31m";

    /// What was logged.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What such a log says about an event whose texts come from somebody else.
    fn logged(log: impl Subscriber + Send + Sync + 'static, written: &Written) -> String {
        tracing::subscriber::with_default(log, || {
            info!(field = FOREIGN, display = %FOREIGN, "what {FOREIGN} did");
        });
        String::from_utf8(written.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn whatever_is_logged_ends_no_line_and_commands_no_terminal() {
        let written = Written::default();
        let to = written.clone();
        let builder = tracing_subscriber::fmt().event_format(text());
        let as_text = logged(builder.with_writer(move || to.clone()).finish(), &written);
        let written = Written::default();
        let to = written.clone();
        let builder = tracing_subscriber::fmt().event_format(json());
        let builder = builder.fmt_fields(JsonFields::new());
        let as_json = logged(builder.with_writer(move || to.clone()).finish(), &written);

        for lines in [&as_text, &as_json] {
            let line = lines.strip_suffix('\n').unwrap();
            assert!(!line.contains(char::is_control), "{line:?}");
        }
        let json: serde_json::Value = serde_json::from_str(&as_json).unwrap();
        assert_eq!(json["field"], FOREIGN);
        assert_eq!(json["display"], FOREIGN);
    }
}
