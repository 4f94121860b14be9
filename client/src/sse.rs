//! Server-sent events, as far as this API uses them: `event` and `data` fields, comments, any chunking.
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use crate::error::{Error, Result};

/// An event that is longer is not from this API.
const MAX_EVENT: usize = 64 << 10;

/// One dispatched event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub name: String,
    pub data: String,
}

/// Takes bytes as they come and gives whole events.
#[derive(Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    /// The last byte was a CR, so a LF now belongs to it.
    after_cr: bool,
    name: String,
    data: String,
}

impl Parser {
    pub fn push(&mut self, chunk: &[u8], events: &mut Vec<Event>) -> Result<()> {
        for &byte in chunk {
            let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => self.end_line(events)?,
                _ if self.line.len() + self.data.len() >= MAX_EVENT => {
                    return Err(Error::Protocol("an event of the watch stream is too long"));
                }
                _ => self.line.push(byte),
            }
        }
        Ok(())
    }

    fn end_line(&mut self, events: &mut Vec<Event>) -> Result<()> {
        let line = std::mem::take(&mut self.line);
        let line = std::str::from_utf8(&line)
            .map_err(|_| Error::Protocol("the watch stream is not UTF-8"))?;
        let line = line.strip_prefix('\u{feff}').unwrap_or(line);
        if line.is_empty() {
            let (name, data) = (
                std::mem::take(&mut self.name),
                std::mem::take(&mut self.data),
            );
            if !data.is_empty() || !name.is_empty() {
                events.push(Event { name, data });
            }
            return Ok(());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            // Comments (an empty field name), ids and retry hints mean nothing here.
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(chunks: &[&[u8]]) -> Vec<Event> {
        let (mut parser, mut events) = (Parser::default(), Vec::new());
        for chunk in chunks {
            parser.push(chunk, &mut events).expect("well-formed");
        }
        events
    }

    #[test]
    fn events_are_the_same_wherever_the_stream_is_cut() {
        let text = ": hi\r\n\r\nevent: hello\r\ndata: {\"epoch\":\"é\"}\r\n\r\nevent:synced\ndata:{}\n\nevent: a\rdata: 1\rdata: 2\r\r";
        let whole = parse(&[text.as_bytes()]);
        assert_eq!(whole.len(), 3);
        assert_eq!(
            whole[2],
            Event {
                name: "a".into(),
                data: "1\n2".into()
            }
        );
        for cut in 0..text.len() {
            let (before, after) = text.as_bytes().split_at(cut);
            assert_eq!(parse(&[before, after]), whole, "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(parse(&bytes), whole);
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut parser = Parser::default();
        assert!(
            parser
                .push(&vec![b'x'; MAX_EVENT + 1], &mut Vec::new())
                .is_err()
        );
    }
}
