//! The client's side of WebSocket frames (RFC 6455, section 5): as little of it as a load generator needs.

use bytes::{Buf, Bytes, BytesMut};
use std::io;

const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;
const LAST: u8 = 0x80;
const MASKED: u8 = 0x80;
/// A server that sends more than this at once is not ours.
const LONGEST: usize = 1 << 20;

/// Something from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Bytes),
    /// A ping, to be answered with what it holds.
    Ping(Bytes),
    /// The close, with its code; 1005 stands for none.
    Close(u16),
}

/// A binary message, ready to be written.
pub(super) fn binary(payload: &[u8]) -> Bytes {
    frame(BINARY, payload)
}

/// A text message, ready to be written.
pub(super) fn text(payload: &str) -> Bytes {
    frame(TEXT, payload.as_bytes())
}

/// The answer to a ping, ready to be written.
pub(super) fn pong(payload: &[u8]) -> Bytes {
    frame(PONG, payload)
}

/// Bytes that are no frame: a reserved bit and a reserved opcode.
pub(super) fn nonsense() -> Bytes {
    Bytes::from_static(&[0xF3, 0x80, 0, 0, 0, 0])
}

/// The mask is all zeros, so that what is masked is what was there: masks protect proxies from browsers, and here they would
/// only cost the machine that measures.
fn frame(opcode: u8, payload: &[u8]) -> Bytes {
    let mut bytes = Vec::with_capacity(payload.len() + 14);
    bytes.push(LAST | opcode);
    match payload.len() {
        length @ 0..126 => bytes.push(MASKED | length as u8),
        length @ 126..65_536 => {
            bytes.push(MASKED | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
        length => {
            bytes.push(MASKED | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes.into()
}

/// Takes the next message out of what was read; `None` while it is not whole. Pongs are skipped.
///
/// # Errors
/// What no server of this protocol sends.
pub(super) fn next_message(read: &mut BytesMut) -> io::Result<Option<Message>> {
    while let Some((first, header, length)) = head(read)? {
        if read.len() < header + length {
            return Ok(None);
        }
        read.advance(header);
        let payload = read.split_to(length).freeze();
        return Ok(Some(match first & 0x0F {
            TEXT => Message::Text(String::from_utf8(payload.into()).map_err(|_| wrong("text that is not UTF-8"))?),
            BINARY => Message::Binary(payload),
            PING => Message::Ping(payload),
            PONG => continue,
            CLOSE => Message::Close(payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code))),
            _ => return Err(wrong("a frame of an unknown kind")),
        }));
    }
    Ok(None)
}

/// The first byte of the next frame, the length of its head and that of its payload.
fn head(read: &BytesMut) -> io::Result<Option<(u8, usize, usize)>> {
    let &[first, second, ..] = &read[..] else { return Ok(None) };
    if first & LAST == 0 || second & MASKED != 0 {
        return Err(wrong("a fragment, or a frame with a mask"));
    }
    let (header, length) = match second {
        126 => match read.get(2..4).and_then(|bytes| bytes.first_chunk()) {
            Some(length) => (4, usize::from(u16::from_be_bytes(*length))),
            None => return Ok(None),
        },
        127 => match read.get(2..10).and_then(|bytes| bytes.first_chunk()) {
            Some(length) => (10, usize::try_from(u64::from_be_bytes(*length)).unwrap_or(usize::MAX)),
            None => return Ok(None),
        },
        length => (2, usize::from(length)),
    };
    if length > LONGEST { Err(wrong("a frame that is too long")) } else { Ok(Some((first, header, length))) }
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the server sent {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a server would send it: without a mask.
    fn unmasked(frame: &Bytes) -> Vec<u8> {
        let head = match frame[1] & 0x7F {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        let mut bytes = frame[..head].to_vec();
        bytes[1] &= 0x7F;
        bytes.extend(&frame[head + 4..]);
        bytes
    }

    #[test]
    fn messages_of_every_length_are_read_wherever_they_are_cut() {
        let long = "x".repeat(70_000);
        let stream: Vec<u8> =
            [text("short"), binary(&[7; 640]), pong(b"skipped"), text(&long), frame(CLOSE, &1001_u16.to_be_bytes())]
                .iter()
                .flat_map(unmasked)
                .collect();
        for cut in [1, 3, 645, 70_000, stream.len()] {
            let mut read = BytesMut::new();
            let mut messages = Vec::new();
            for piece in stream.chunks(cut) {
                read.extend_from_slice(piece);
                while let Some(message) = next_message(&mut read).unwrap() {
                    messages.push(message);
                }
            }
            let binary = Message::Binary(Bytes::from_static(&[7; 640]));
            let expected = [Message::Text("short".into()), binary, Message::Text(long.clone()), Message::Close(1001)];
            assert_eq!(messages, expected, "{cut}");
        }
    }

    #[test]
    fn what_no_server_sends_is_an_error() {
        for bytes in [&[0x01, 0x00][..], &[0x81, 0x80], &[0x83, 0x00], &[0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0]] {
            assert!(next_message(&mut BytesMut::from(bytes)).is_err(), "{bytes:?}");
        }
    }
}
