//! What the echo canceller of a session is given, with fakes on Tokio's paused clock: exactly what sounds at the client.
#![cfg(feature = "testing")]
#![allow(clippy::expect_used, missing_docs)]

use bytes::Bytes;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use voice_core::agent::{Agent, AgentConfig, ClientFormat, Control, Output, Session, SessionOptions};
use voice_core::builtin::EnergyVad;
use voice_core::conversation::Event;
use voice_core::stage::EchoCanceller;
use voice_core::testing::{FakeLlm, FakeStt, FakeTts};
use voice_core::{ErrorKind, Result, Stage};

const MS: Duration = Duration::from_millis(1);
const RATE: u32 = 16_000;
/// 30 characters at 60 ms: 1.8 s.
const REPLY: &str = "Thirty characters are spoken .";
const REPLY_MS: usize = 1_800;

/// Keeps the far end, as 16-bit samples.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<i16>>>);

impl EchoCanceller for Recorder {
    fn sample_rate(&self) -> u32 {
        RATE
    }
    fn frame_len(&self) -> usize {
        160
    }
    fn latency(&self) -> usize {
        0
    }
    fn longest_delay(&self) -> usize {
        0
    }
    fn process(&mut self, _: &mut [f32], far: &[f32]) -> Result<()> {
        self.0.lock().expect("no panic").extend(far.iter().map(|sample| (sample * 32_768.0) as i16));
        Ok(())
    }
    fn reset(&mut self) {}
}

struct Call {
    session: Session,
    far: Recorder,
}

fn open(format: ClientFormat) -> Call {
    let far = Recorder::default();
    let canceller = far.clone();
    let mut config = AgentConfig::default();
    config.conversation.interruption.min_speech_ms = 400;
    let agent = Agent::builder()
        .config(config)
        .stt(Arc::new(FakeStt::new(100 * MS, [""])))
        .llm(Arc::new(FakeLlm::new(100 * MS, MS, REPLY)))
        .tts(Arc::new(FakeTts::new(50 * MS, RATE, 60 * MS)))
        .vad(|| Ok(Box::new(EnergyVad::new())))
        .echo_canceller(move || Ok(Box::new(canceller.clone())))
        .build();
    let session = agent.open(SessionOptions { format, ..SessionOptions::default() }).expect("a session opens");
    Call { session, far }
}

fn asking() -> ClientFormat {
    ClientFormat { echo_cancellation: true, ..ClientFormat::default() }
}

impl Call {
    async fn microphone(&self, frame: Bytes, milliseconds: u64) {
        for _ in 0..milliseconds / 20 {
            self.session.send_audio(frame.clone()).await.expect("the session is open");
            tokio::time::sleep(20 * MS).await;
        }
    }

    async fn silence(&self, milliseconds: u64) {
        self.microphone(Bytes::from(vec![0; 640]), milliseconds).await;
    }

    /// A loud buzz, which the energy VAD takes for speech.
    async fn buzz(&self, milliseconds: u64) {
        let buzz = (0..320).flat_map(|n| (if n % 40 < 20 { 8_000i16 } else { -8_000 }).to_le_bytes()).collect();
        self.microphone(buzz, milliseconds).await;
    }

    fn ask(&self) {
        self.session.control(Control::Text("something".into())).expect("the session is open");
    }

    /// Stretches of the far end that sound, as ms from its beginning and ms long, rounded.
    fn sounded(&self) -> Vec<(usize, usize)> {
        let far = self.far.0.lock().expect("no panic");
        let mut stretches: Vec<(usize, usize)> = Vec::new();
        for at in (0..far.len()).filter(|&at| far[at] != 0) {
            match stretches.last_mut() {
                Some((begin, length)) if *begin + *length == at => *length += 1,
                _ => stretches.push((at, 1)),
            }
        }
        let milliseconds = |samples: usize| (samples + 8) / 16;
        stretches.into_iter().map(|(begin, length)| (milliseconds(begin), milliseconds(length))).collect()
    }

    async fn events(&self, last: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(output) = self.session.next_output().await {
            if let Output::Event(event) = output {
                let done = last(&event);
                events.push(event);
                if done {
                    break;
                }
            }
        }
        events
    }
}

fn is_reply_end(event: &Event) -> bool {
    matches!(event, Event::ReplyEnd { .. })
}

#[tokio::test(start_paused = true)]
async fn a_reply_is_the_far_end_while_it_sounds_and_not_while_it_waits() {
    let call = open(asking());
    call.silence(500).await;
    call.ask();
    tokio::join!(call.silence(3_000), call.events(is_reply_end));
    let sounded = call.sounded();
    assert_eq!(sounded.len(), 1, "one stretch without a gap: {sounded:?}");
    let (begin, length) = sounded[0];
    assert_eq!(length, REPLY_MS);
    // 100 ms to the first word, a few to the last, 50 ms to the first byte of speech; and the first chunk of the
    // microphone was recorded before the session began.
    assert!((670..700).contains(&begin), "{sounded:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_cleared_is_no_far_end() {
    let call = open(asking());
    call.silence(500).await;
    call.ask();
    let interrupt = async {
        tokio::time::sleep(1_000 * MS).await;
        call.session.control(Control::Interrupt).expect("the session is open");
    };
    tokio::join!(call.silence(2_000), call.events(is_reply_end), interrupt);
    let sounded = call.sounded();
    let &[(begin, length)] = &sounded[..] else { panic!("one stretch: {sounded:?}") };
    // 600 ms had been sent beyond it. The first chunk of the microphone was recorded before the session began.
    assert!((1_518..=1_522).contains(&(begin + length)), "{sounded:?}");
}

#[tokio::test(start_paused = true)]
async fn a_hold_is_a_gap_in_the_far_end_of_a_client_that_can_hold() {
    for can_pause in [true, false] {
        let call = open(ClientFormat { can_pause, ..asking() });
        call.silence(500).await;
        call.ask();
        let cough = async {
            call.silence(700).await;
            call.buzz(100).await;
            call.silence(4_000).await;
        };
        tokio::join!(cough, call.events(is_reply_end));
        let sounded = call.sounded();
        let all: usize = sounded.iter().map(|(_, length)| length).sum();
        assert!(all.abs_diff(REPLY_MS) <= 1, "all of it sounded once: {sounded:?}");
        // What a client that cannot hold had received is enough for the time of a cough, or nearly.
        let held = sounded.windows(2).map(|pair| pair[1].0 - pair[0].0 - pair[0].1).sum::<usize>();
        assert_eq!(held > 200, can_pause, "{sounded:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_ask_for_it_does_not_get_it() {
    let call = open(ClientFormat::default());
    call.ask();
    tokio::join!(call.silence(2_000), call.events(is_reply_end));
    assert!(call.far.0.lock().expect("no panic").is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_asks_an_agent_without_one_is_told_and_answered() {
    let agent = Agent::builder().llm(Arc::new(FakeLlm::new(MS, MS, REPLY))).build();
    let session = agent.open(SessionOptions { format: asking(), ..SessionOptions::default() }).expect("it opens");
    let call = Call { session, far: Recorder::default() };
    call.ask();
    let events = call.events(is_reply_end).await;
    let failures: Vec<_> = events.iter().filter(|event| matches!(event, Event::Failed { .. })).collect();
    let [Event::Failed { stage: Stage::Echo, kind: ErrorKind::EngineMissing, message }] = failures[..] else {
        panic!("{events:?}")
    };
    assert!(message.contains("echo_cancellation"), "{message}");
}
