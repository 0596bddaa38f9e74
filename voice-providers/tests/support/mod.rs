//! What the tests of the local engines share.

#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use bytes::Bytes;
use futures::{StreamExt, stream};
use std::path::Path;
use std::process::Command;
use voice_core::stage::{CallContext, FinalizeId, SttEvent, SttInput, SttProvider, TtsEvent, TtsInput, TtsProvider};
use voice_core::{AudioTime, ErrorKind, Result, SentenceId, TurnId};
use voice_providers::local::{LocalStt, LocalSttConfig, LocalTts, LocalTtsConfig};

/// Samples in 20 ms of 16 kHz audio, as a microphone would bring them.
pub const CHUNK: usize = 320;

/// The engine, or `None` with a line in the log where its libraries are not installed. Any other failure is one.
pub fn installed<T>(engine: Result<T>) -> Option<T> {
    match engine {
        Err(error) if *error.kind() == ErrorKind::EngineMissing => {
            println!("SKIPPED: {error}");
            None
        }
        engine => Some(engine.unwrap()),
    }
}

pub fn stt() -> Option<LocalStt> {
    installed(LocalStt::load(LocalSttConfig::default()))
}

pub fn tts(voice: &str) -> Option<LocalTts> {
    let mut config = LocalTtsConfig::default();
    config.voice = voice.to_owned();
    installed(LocalTts::load(config))
}

pub fn pcm(samples: &[i16]) -> Bytes {
    samples.iter().flat_map(|sample| sample.to_ne_bytes()).collect::<Vec<_>>().into()
}

pub fn samples(pcm: &[u8]) -> Vec<i16> {
    pcm.chunks_exact(2).map(|bytes| i16::from_ne_bytes([bytes[0], bytes[1]])).collect()
}

/// Speaks one text.
pub async fn speak(tts: &LocalTts, text: &str) -> Vec<i16> {
    let input = TtsInput::Text { sentence: SentenceId(0), text: text.to_owned() };
    let events: Vec<_> = tts.synthesize(stream::iter([input]).boxed(), CallContext::detached()).collect().await;
    let audio = events.into_iter().filter_map(|event| match event.unwrap() {
        TtsEvent::Audio { pcm, .. } => Some(samples(&pcm)),
        _ => None,
    });
    audio.flatten().collect()
}

/// Speaks one text by flite's command, which sounds the same every time.
pub fn say(voice: &str, text: &str) -> Vec<i16> {
    let spoken = Command::new("flite").args(["-voice", voice, "-t", text, "-o", "/dev/stdout"]).output();
    let spoken = spoken.expect("the command flite is installed: apt-get install flite");
    assert!(spoken.status.success(), "{spoken:?}");
    samples(&spoken.stdout[44..])
}

/// As the ears cut it: 300 ms before the speech, 192 ms after. Silence inside the recording does not count for them.
pub fn padded(recording: &[i16]) -> Vec<i16> {
    let sounds = |sample: &i16| sample.unsigned_abs() > 200;
    let begin = recording.iter().position(sounds).unwrap_or(0);
    let end = recording.iter().rposition(sounds).map_or(begin, |last| last + 1);
    [&vec![0; 4_800][..], &recording[begin..end], &vec![0; 3_072]].concat()
}

/// The inputs of one turn in chunks of 20 ms, and the request for its final.
pub fn turn(turn: TurnId, samples: &[i16]) -> Vec<SttInput> {
    let chunks = samples.chunks(CHUNK).enumerate().map(|(index, chunk)| SttInput::Audio {
        turn,
        at: AudioTime::from_samples((index * CHUNK) as u64, 16_000),
        pcm: pcm(chunk),
    });
    chunks.chain([SttInput::Finalize(FinalizeId { turn, attempt: 0 })]).collect()
}

/// All events for one turn's audio.
pub async fn hear(stt: &LocalStt, audio: &[i16]) -> Vec<SttEvent> {
    let events = stt.transcribe(stream::iter(turn(TurnId(1), audio)).boxed(), CallContext::detached());
    events.map(|event| event.unwrap()).collect().await
}

/// The final transcript of one turn's audio, and whether it was unclear.
pub async fn recognise(stt: &LocalStt, audio: &[i16]) -> (String, bool) {
    let finals = hear(stt, audio).await.into_iter().filter_map(|event| match event {
        SttEvent::Final { text, unclear, .. } => Some((text, unclear)),
        _ => None,
    });
    let finals: Vec<_> = finals.collect();
    assert_eq!(finals.len(), 1, "one final for one request");
    finals[0].clone()
}

/// The samples of a mono PCM16 WAV file or of a raw one, at 16 kHz. Higher rates are averaged down, which is enough
/// for a recogniser.
pub fn read_audio(path: &Path) -> Vec<i16> {
    let bytes = std::fs::read(path).unwrap();
    if !bytes.starts_with(b"RIFF") {
        return samples(&bytes);
    }
    let rate = u32::from_le_bytes(bytes[24..28].try_into().unwrap());
    let data = bytes.windows(4).position(|window| window == b"data").unwrap() + 8;
    let all = samples(&bytes[data..]);
    let factor = (rate / 16_000) as usize;
    let mean =
        |window: &[i16]| (window.iter().map(|sample| i32::from(*sample)).sum::<i32>() / window.len() as i32) as i16;
    all.chunks(factor).map(mean).collect()
}
