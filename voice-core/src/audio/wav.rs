//! WAV files of 16-bit PCM.
//!
//! A WAV file is a RIFF container whose chunks come in any order and number; the audio begins where the `data` chunk
//! does, not at a fixed offset. Layout after "Multimedia Programming Interface and Data Specifications 1.0" (IBM and
//! Microsoft, 1991) and, for `WAVE_FORMAT_EXTENSIBLE`, Microsoft's `WAVEFORMATEXTENSIBLE`.

use super::pcm;
use crate::error::{Error, ErrorKind, Result, Stage};

const FORMAT_PCM: u16 = 1;
const FORMAT_EXTENSIBLE: u16 = 0xfffe;

/// Mono audio with its rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wav {
    /// In Hz.
    pub sample_rate: u32,
    /// The samples; of several channels, the first.
    pub samples: Vec<i16>,
}

impl Wav {
    /// Reads the bytes of a file, taking the first of its channels.
    ///
    /// A `data` chunk that claims more than the file holds (a recording that was cut off, or streamed with its length
    /// unknown) is read as far as it goes.
    ///
    /// # Errors
    /// `InvalidInput`, saying what is wrong: not a WAV file, no `fmt ` or `data` chunk, not 16-bit PCM.
    pub fn parse(file: &[u8]) -> Result<Self> {
        let (Some(b"RIFF"), Some(b"WAVE")) = (file.get(..4), file.get(8..12)) else {
            return Err(invalid("not a WAV file: it does not begin with RIFF … WAVE"));
        };
        let mut format = None;
        let mut rest = &file[12..];
        while let Some((header, body)) = rest.split_first_chunk::<8>() {
            let [i0, i1, i2, i3, l0, l1, l2, l3] = *header;
            let claimed = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
            let chunk = &body[..claimed.min(body.len())];
            match &[i0, i1, i2, i3] {
                b"fmt " => format = Some(Format::parse(chunk)?),
                b"data" => {
                    let format = format.ok_or_else(|| invalid("the WAV file's data come before its format"))?;
                    return Ok(Self { sample_rate: format.sample_rate, samples: format.first_channel(chunk) });
                }
                _ => {}
            }
            // Chunks are padded to an even length, which their length does not count.
            rest = body.get(claimed.saturating_add(claimed % 2)..).unwrap_or_default();
        }
        Err(invalid("the WAV file has no data chunk"))
    }

    /// The bytes of a mono 16-bit PCM file.
    ///
    /// # Errors
    /// `InvalidInput` for audio beyond the format's 4 GiB.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let too_long = |_| invalid("the audio is too long for a WAV file");
        let data_len = u32::try_from(self.samples.len() * 2).map_err(too_long)?;
        let riff_len = data_len.checked_add(36).ok_or_else(|| invalid("the audio is too long for a WAV file"))?;
        let mut file = Vec::with_capacity(44 + self.samples.len() * 2);
        file.extend_from_slice(b"RIFF");
        file.extend_from_slice(&riff_len.to_le_bytes());
        file.extend_from_slice(b"WAVEfmt ");
        file.extend_from_slice(&16_u32.to_le_bytes());
        file.extend_from_slice(&FORMAT_PCM.to_le_bytes());
        file.extend_from_slice(&1_u16.to_le_bytes());
        file.extend_from_slice(&self.sample_rate.to_le_bytes());
        file.extend_from_slice(&self.sample_rate.saturating_mul(2).to_le_bytes());
        file.extend_from_slice(&2_u16.to_le_bytes());
        file.extend_from_slice(&16_u16.to_le_bytes());
        file.extend_from_slice(b"data");
        file.extend_from_slice(&data_len.to_le_bytes());
        pcm::extend_bytes(&self.samples, &mut file);
        Ok(file)
    }
}

/// What of the `fmt ` chunk matters.
struct Format {
    channels: usize,
    sample_rate: u32,
}

impl Format {
    fn parse(chunk: &[u8]) -> Result<Self> {
        let u16_at = |offset: usize| match chunk.get(offset..offset + 2) {
            Some(&[low, high]) => Ok(u16::from_le_bytes([low, high])),
            _ => Err(invalid("the WAV file's format chunk is too short")),
        };
        let tag = match u16_at(0)? {
            // The real tag opens the sub-format's identifier.
            FORMAT_EXTENSIBLE => u16_at(24)?,
            tag => tag,
        };
        let (channels, bits) = (u16_at(2)?, u16_at(14)?);
        let sample_rate = u32::from(u16_at(4)?) | u32::from(u16_at(6)?) << 16;
        if tag != FORMAT_PCM || bits != 16 {
            return Err(invalid(format!("the WAV file is not 16-bit PCM (format {tag}, {bits} bits)")));
        }
        if channels == 0 || sample_rate == 0 {
            return Err(invalid(format!("the WAV file has {channels} channels at {sample_rate} Hz")));
        }
        Ok(Self { channels: usize::from(channels), sample_rate })
    }

    /// Incomplete sample frames at the end are left out.
    fn first_channel(&self, data: &[u8]) -> Vec<i16> {
        data.chunks_exact(2 * self.channels).map(|frame| i16::from_le_bytes([frame[0], frame[1]])).collect()
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidInput, Stage::Audio, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let mut bytes = id.to_vec();
        bytes.extend_from_slice(&(body.len() as u32).to_le_bytes());
        bytes.extend_from_slice(body);
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        bytes
    }

    fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
        let body = chunks.concat();
        [b"RIFF", &(body.len() as u32 + 4).to_le_bytes()[..], b"WAVE", &body].concat()
    }

    fn format(tag: u16, channels: u16, bits: u16) -> Vec<u8> {
        let mut body = Vec::new();
        for field in [tag, channels, 16_000, 0, 0, 0, channels * 2, bits] {
            body.extend_from_slice(&field.to_le_bytes());
        }
        body
    }

    #[test]
    fn what_is_written_is_read() {
        let wav = Wav { sample_rate: 48_000, samples: vec![0, 1, -1, i16::MAX, i16::MIN] };
        let bytes = wav.to_bytes().unwrap();
        assert_eq!(bytes.len(), 44 + 10);
        assert_eq!(Wav::parse(&bytes).unwrap(), wav);
    }

    #[test]
    fn chunks_of_any_kind_and_odd_length_are_walked_over() {
        let bytes = file(&[
            chunk(b"LIST", b"odd"),
            chunk(b"fmt ", &format(FORMAT_PCM, 1, 16)),
            chunk(b"fact", &[]),
            chunk(b"data", &[1, 0, 2, 0]),
            chunk(b"LIST", b"after"),
        ]);
        assert_eq!(Wav::parse(&bytes).unwrap(), Wav { sample_rate: 16_000, samples: vec![1, 2] });
    }

    #[test]
    fn the_first_of_two_channels_is_taken() {
        let bytes =
            file(&[chunk(b"fmt ", &format(FORMAT_PCM, 2, 16)), chunk(b"data", &[1, 0, 9, 9, 2, 0, 9, 9, 3, 0])]);
        assert_eq!(Wav::parse(&bytes).unwrap().samples, [1, 2]);
    }

    #[test]
    fn the_extensible_format_is_looked_into() {
        let mut extensible = format(FORMAT_EXTENSIBLE, 1, 16);
        extensible.extend_from_slice(&[22, 0, 16, 0, 4, 0, 0, 0, 1, 0]);
        let bytes = file(&[chunk(b"fmt ", &extensible), chunk(b"data", &[5, 0])]);
        assert_eq!(Wav::parse(&bytes).unwrap().samples, [5]);
    }

    #[test]
    fn data_of_unknown_length_are_read_to_the_end() {
        let mut bytes = file(&[chunk(b"fmt ", &format(FORMAT_PCM, 1, 16)), chunk(b"data", &[5, 0, 6, 0])]);
        let length = bytes.len() - 8;
        bytes[length..length + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(Wav::parse(&bytes).unwrap().samples, [5, 6]);
    }

    #[test]
    fn every_flaw_has_its_message() {
        let pcm16 = || chunk(b"fmt ", &format(FORMAT_PCM, 1, 16));
        for (bytes, message) in [
            (b"OggS".to_vec(), "not a WAV file"),
            (file(&[]), "no data chunk"),
            (file(&[pcm16()]), "no data chunk"),
            (file(&[chunk(b"data", &[0, 0]), pcm16()]), "before its format"),
            (file(&[chunk(b"fmt ", &[1, 0])]), "too short"),
            (file(&[chunk(b"fmt ", &format(3, 1, 32))]), "not 16-bit PCM (format 3, 32 bits)"),
            (file(&[chunk(b"fmt ", &format(FORMAT_PCM, 0, 16))]), "0 channels"),
        ] {
            let error = Wav::parse(&bytes).unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::InvalidInput);
            assert!(error.message().contains(message), "{error}");
        }
    }

    #[test]
    fn a_cut_file_never_panics() {
        let bytes =
            file(&[chunk(b"LIST", b"odd"), chunk(b"fmt ", &format(FORMAT_PCM, 1, 16)), chunk(b"data", &[1, 0, 2, 0])]);
        for end in 0..bytes.len() {
            let _ = Wav::parse(&bytes[..end]);
        }
    }
}
