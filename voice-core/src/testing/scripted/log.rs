//! What the client is told, a line an event.

use crate::host::Delivery;
use crate::id::TurnId;
use crate::protocol::WireMessage;

/// The lines so far.
#[derive(Default)]
pub(super) struct Log {
    lines: Vec<String>,
    audio: Option<Audio>,
}

/// Audio that no frame came between.
struct Audio {
    ms: u64,
    until: u64,
    turn: TurnId,
    pieces: u64,
    bytes: u64,
    checksum: u64,
}

/// FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x100_0000_01b3;

fn fnv(checksum: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(checksum, |checksum, byte| (checksum ^ u64::from(*byte)).wrapping_mul(FNV_PRIME))
}

impl Log {
    pub(super) fn delivery(&mut self, ms: u64, delivery: &Delivery) {
        match delivery {
            Delivery::Frame { frame, .. } => {
                // Not by way of a map, whose order depends on what else is built in.
                if let WireMessage::Text(text) = frame.encode() {
                    self.line(ms, &text);
                }
            }
            Delivery::Audio { turn, pcm } => {
                if self.audio.as_ref().is_some_and(|audio| audio.turn != *turn) {
                    self.end_audio();
                }
                let audio = self.audio.get_or_insert(Audio {
                    ms,
                    until: ms,
                    turn: *turn,
                    pieces: 0,
                    bytes: 0,
                    checksum: FNV_OFFSET,
                });
                audio.until = ms;
                audio.pieces += 1;
                audio.bytes += pcm.len() as u64;
                audio.checksum = fnv(audio.checksum, &ms.to_le_bytes());
                audio.checksum = fnv(audio.checksum, &(pcm.len() as u64).to_le_bytes());
                audio.checksum = fnv(audio.checksum, pcm);
            }
        }
    }

    /// Anything else: a JSON object.
    pub(super) fn line(&mut self, ms: u64, object: &str) {
        self.end_audio();
        self.lines.push(format!("{{\"ms\":{ms},{}", object.trim_start_matches('{')));
    }

    fn end_audio(&mut self) {
        if let Some(Audio { ms, until, turn, pieces, bytes, checksum }) = self.audio.take() {
            self.lines.push(format!(
                "{{\"ms\":{ms},\"type\":\"audio\",\"turn\":{turn},\"until_ms\":{until},\"pieces\":{pieces},\
                 \"bytes\":{bytes},\"checksum\":\"{checksum:016x}\"}}"
            ));
        }
    }

    pub(super) fn finish(mut self) -> Vec<String> {
        self.end_audio();
        self.lines
    }
}
