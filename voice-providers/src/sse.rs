//! Server-sent events out of bytes that are split anywhere, also inside a character.

use std::collections::VecDeque;
use voice_core::{Error, ErrorKind, Result, Stage};

/// What one event may hold, its data and the line that is being read together.
const LONGEST: usize = 1_024 * 1_024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SseEvent {
    /// Its type; empty where the server named none, which is the usual case.
    pub(crate) name: String,
    /// Its data lines, joined by `\n`.
    pub(crate) data: String,
}

/// The parser: [`push`](Self::push) what is read, [`finish`](Self::finish) at the end of the body.
///
/// Lines end in `\n`, `\r\n` or `\r`; comments, `id`, `retry` and unknown fields are passed over.
#[derive(Debug)]
pub(crate) struct SseParser {
    stage: Stage,
    line: Vec<u8>,
    event: SseEvent,
    has_data: bool,
    /// The last line ended in `\r`: a `\n` that follows belongs to it.
    after_carriage_return: bool,
    first_line: bool,
}

impl SseParser {
    pub(crate) fn new(stage: Stage) -> Self {
        Self {
            stage,
            line: Vec::new(),
            event: SseEvent::default(),
            has_data: false,
            after_carriage_return: false,
            first_line: true,
        }
    }

    /// Takes bytes and appends the events they complete.
    ///
    /// # Errors
    /// `Protocol` for an event of more than 1 MiB; the stream is of no use then.
    pub(crate) fn push(&mut self, mut bytes: &[u8], events: &mut VecDeque<SseEvent>) -> Result<()> {
        while let Some(&first) = bytes.first() {
            if std::mem::take(&mut self.after_carriage_return) && first == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (part, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            if self.line.len() + self.event.data.len() + part.len() > LONGEST {
                return Err(Error::new(ErrorKind::Protocol, self.stage, "an event of the stream is longer than 1 MiB"));
            }
            self.line.extend_from_slice(part);
            let Some((&ending, rest)) = rest.split_first() else { break };
            self.after_carriage_return = ending == b'\r';
            self.end_line(events);
            bytes = rest;
        }
        Ok(())
    }

    /// The event that the end of the body leaves without its blank line. The specification drops it; servers that end
    /// right after `data: [DONE]` mean it.
    pub(crate) fn finish(&mut self, events: &mut VecDeque<SseEvent>) {
        self.end_line(events);
        self.dispatch(events);
    }

    fn end_line(&mut self, events: &mut VecDeque<SseEvent>) {
        let line = std::mem::take(&mut self.line);
        let mut text = line.as_slice();
        if std::mem::take(&mut self.first_line) {
            text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        }
        if text.is_empty() {
            self.dispatch(events);
        } else {
            self.field(text);
        }
        // Its memory serves the next line.
        self.line = line;
        self.line.clear();
    }

    fn field(&mut self, line: &[u8]) {
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let value = line.get(colon + 1..).unwrap_or_default();
        let value = String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value));
        match &line[..colon] {
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(&value);
            }
            b"event" => self.event.name = value.into_owned(),
            _ => {}
        }
    }

    /// An event without data is none.
    fn dispatch(&mut self, events: &mut VecDeque<SseEvent>) {
        let event = std::mem::take(&mut self.event);
        if std::mem::take(&mut self.has_data) {
            events.push_back(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse<'a>(reads: impl IntoIterator<Item = &'a [u8]>) -> Vec<(String, String)> {
        let (mut parser, mut events) = (SseParser::new(Stage::Llm), VecDeque::new());
        for read in reads {
            parser.push(read, &mut events).unwrap();
        }
        parser.finish(&mut events);
        events.into_iter().map(|event| (event.name, event.data)).collect()
    }

    fn data(body: &str) -> Vec<String> {
        parse([body.as_bytes()]).into_iter().map(|(_, data)| data).collect()
    }

    #[test]
    fn every_line_ending_and_spacing_is_read() {
        for body in ["data: a\n\ndata: b\n\n", "data:a\r\n\r\ndata:b\r\n\r\n", "data: a\r\rdata:b\r\r"] {
            assert_eq!(data(body), ["a", "b"], "{body:?}");
        }
        assert_eq!(data("data:  two blanks\n\n"), [" two blanks"]);
    }

    #[test]
    fn lines_of_one_event_join_and_what_is_no_data_is_passed_over() {
        assert_eq!(data(": ping\n\nid: 7\nretry: 10\n\ndata: a\ndata\ndata: b\nother: c\n\n"), ["a\n\nb"]);
        assert_eq!(data("\u{feff}data: first\n\n"), ["first"]);
        assert_eq!(data("data: [DONE]"), ["[DONE]"], "without the blank line at the end");
        let named = parse([b"event: error\ndata: {}\n\ndata: x\n\n".as_slice()]);
        assert_eq!(named, [("error".into(), "{}".into()), (String::new(), "x".into())]);
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let (mut parser, mut events) = (SseParser::new(Stage::Llm), VecDeque::new());
        let block = [b"data: ".as_slice(), &[b'a'; 1_000], b"\n"].concat();
        let error = (0..2_000).find_map(|_| parser.push(&block, &mut events).err()).unwrap();
        assert_eq!(*error.kind(), ErrorKind::Protocol);
        assert!(events.is_empty());
    }

    proptest! {
        #[test]
        fn the_same_comes_out_however_it_is_split(
            texts in prop::collection::vec("[a-zéß漢🎙: ]{0,12}", 1..6),
            ending in prop::sample::select(vec!["\n", "\r\n", "\r"]),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let body: String = texts.iter().map(|text| format!(": ping{ending}data: {text}{ending}{ending}")).collect();
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(body.len())).chain([0, body.len()]).collect();
            cuts.sort_unstable();
            let events = parse(cuts.windows(2).map(|pair| &body.as_bytes()[pair[0]..pair[1]]));
            let expected: Vec<_> = texts.into_iter().map(|text| (String::new(), text)).collect();
            prop_assert_eq!(events, expected);
        }

        #[test]
        fn any_bytes_are_survived(reads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..10)) {
            let whole = reads.concat();
            prop_assert_eq!(parse(reads.iter().map(Vec::as_slice)), parse([whole.as_slice()]));
        }
    }
}
