//! What every test stands on: the server with the engines of this machine, and voices to speak to it.

use crate::support::{TestServer, settings};
use agent_server::Providers;
use futures::{StreamExt, stream};
use std::collections::BTreeMap;
use voice_core::stage::{CallContext, FinalizeId, SttEvent, SttInput, SttProvider};
use voice_core::{AudioTime, ErrorKind, Result, TurnId};
use voice_providers::local::LocalStt;

/// Samples a second of the voices.
pub const RATE: usize = 16_000;
/// Bytes before the samples of flite's files.
const WAV_HEADER: usize = 44;
/// Sessions that go on at the same time.
pub const AT_ONCE: usize = 16;

/// Whether all is to be tried, and not what fits into the time between two commits.
pub fn is_full() -> bool {
    std::env::var_os("VOICE_AGENT_FULL").is_some_and(|value| value == "1")
}

/// The server as it starts without a key, but for its voice; `None` with a printed line where an engine is not installed.
pub async fn server() -> Option<TestServer> {
    // The default voice draws random numbers, so that an answer sounds different each time. This one never does, and
    // what is understood of it is the same in every run.
    let config = settings(&[("VOICE", "kal16")]);
    let mut providers = Providers::from_config(&config).expect("the default configuration works");
    for missing in &providers.missing {
        println!("SKIPPED: {}", missing.message);
    }
    if !providers.missing.is_empty() {
        return None;
    }
    providers.warm_up().await.expect("local engines ask for no key");
    Some(TestServer::with(&config, providers).await)
}

/// Somebody who can say anything, and says it the same way every time: the statistical voices draw random numbers, which
/// begin anew with each run of the command and would not within one process.
pub struct Voice(String);

impl Voice {
    pub fn load(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Both voices of the tests, by name.
    pub fn both() -> BTreeMap<&'static str, Self> {
        ["slt", "awb"].map(|name| (name, Self::load(name))).into()
    }

    /// The sound of a text, 16 kHz.
    pub async fn say(&self, text: &str) -> Vec<i16> {
        let mut flite = tokio::process::Command::new("flite");
        flite.args(["-voice", &self.0, "-t", text, "-o", "/dev/stdout"]);
        let spoken = flite.output().await.expect("the command flite is installed: apt-get install flite");
        assert!(spoken.status.success(), "{spoken:?}");
        let samples: Vec<i16> = from_bytes(&spoken.stdout[WAV_HEADER..]).collect();
        assert!(samples.len() > RATE / 5, "{text:?} has a sound");
        samples
    }
}

/// The words recognised in a recording, all at once.
pub async fn recognise(stt: &LocalStt, samples: &[i16]) -> String {
    let turn = TurnId(1);
    let padded = [&vec![0; RATE / 3][..], samples, &vec![0; RATE / 2]].concat();
    let audio = padded.chunks(RATE / 50).enumerate().map(|(index, chunk)| SttInput::Audio {
        turn,
        at: AudioTime::from_samples((index * RATE / 50) as u64, RATE as u32),
        pcm: to_bytes(chunk).into(),
    });
    let input: Vec<_> = audio.chain([SttInput::Finalize(FinalizeId { turn, attempt: 0 })]).collect();
    let events: Vec<Result<SttEvent>> =
        stt.transcribe(stream::iter(input).boxed(), CallContext::detached()).collect().await;
    let finals = events.into_iter().filter_map(|event| match event.expect("the recogniser works") {
        SttEvent::Final { text, .. } => Some(text),
        _ => None,
    });
    finals.collect()
}

/// The recogniser, as [`server`] has found it installed.
pub fn recogniser_of(sentences: &[String]) -> LocalStt {
    let mut config = voice_providers::local::LocalSttConfig::default();
    config.partials = false;
    match LocalStt::with_sentences(config, sentences) {
        Err(error) if *error.kind() == ErrorKind::EngineMissing => panic!("the server has it: {error}"),
        stt => stt.expect("every answer can be spelled"),
    }
}

/// Lower-case words alone, as a recogniser gives them.
pub fn words(text: &str) -> String {
    let bare: String =
        text.to_lowercase().chars().filter(|c| c.is_alphanumeric() || *c == '\'' || c.is_whitespace()).collect();
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub fn to_bytes(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

pub fn from_bytes(pcm: &[u8]) -> impl Iterator<Item = i16> + '_ {
    pcm.chunks_exact(2).map(|bytes| i16::from_le_bytes([bytes[0], bytes[1]]))
}
