//! Calls without headphones, through the real driver with real ears on a paused clock: how often the agent interrupts
//! itself in ten minutes, and what is understood of a user who speaks up over it: `cargo bench --bench echo`.
#![allow(clippy::print_stdout, missing_docs)]

use futures::{StreamExt, stream};
use std::process::ExitCode;
use std::time::Duration;
use voice_benches::echo::{Call, Listener, Outcome, Scene, Speaker, TOPICS};
use voice_benches::{apart, buzz, held, percentile, reached, resident_kib, say, thread_cpu, voice};
use voice_core::audio::pcm;
use voice_core::builtin::Aec3;
use voice_core::stage::{CallContext, EchoCanceller, FinalizeId, SttEvent, SttInput, SttProvider};
use voice_core::{AudioTime, Result, TurnId};
use voice_providers::local::{Intents, LocalStt, LocalSttConfig};

type Failure = Box<dyn std::error::Error>;

const TEN_MINUTES: Duration = Duration::from_secs(600);
const RATE: usize = 16_000;

fn scene(delay_ms: u64, gain_db: f32, cancel: bool) -> Scene {
    let delay = Duration::from_millis(delay_ms);
    Scene { delay, gain_db, cancel, reports: delay_ms % 80 == 40, length: TEN_MINUTES, says: Vec::new() }
}

fn call(scene: Scene, listener: &Listener) -> Result<Outcome> {
    let speaker = Speaker::new(voice("slt")?);
    let call = Call::make(scene, speaker, listener.clone(), &TOPICS);
    paused()?.block_on(call)
}

fn paused() -> Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.map_err(|error| {
        voice_core::Error::new(voice_core::ErrorKind::Internal, voice_core::Stage::Session, error.to_string())
    })
}

/// Ten minutes of an agent that talks to itself.
fn alone() -> Result<bool> {
    println!("the agent alone, 10 minutes     onsets heard   replies cut short");
    let mut met = true;
    for (delay_ms, cancel) in [(40, true), (80, true), (120, true), (160, true), (200, true), (40, false), (200, false)]
    {
        let outcome = call(scene(delay_ms, -12.0, cancel), &Listener::default())?;
        let name = format!("echo −12 dB, {delay_ms:3} ms, {}", if cancel { "cancelled" } else { "left in  " });
        println!("{name}   {:12}   {:17}", outcome.onsets, outcome.self_interruptions());
        met &= !cancel || outcome.self_interruptions() == 0;
    }
    Ok(met)
}

/// What the recogniser makes of a turn.
fn recognise(stt: &LocalStt, samples: &[i16]) -> Result<String> {
    let turn = TurnId(1);
    let padded = [samples, &vec![0; RATE / 2]].concat();
    let audio = padded.chunks(RATE / 50).enumerate().map(|(index, chunk)| SttInput::Audio {
        turn,
        at: AudioTime::from_samples((index * RATE / 50) as u64, RATE as u32),
        pcm: pcm::to_bytes(chunk).into(),
    });
    let input: Vec<_> = audio.chain([SttInput::Finalize(FinalizeId { turn, attempt: 0 })]).collect();
    let mut events = stt.transcribe(stream::iter(input).boxed(), CallContext::detached());
    apart(async move {
        while let Some(event) = events.next().await {
            if let SttEvent::Final { text, .. } = event? {
                return Ok(text);
            }
        }
        Ok(String::new())
    })
}

/// A user who speaks up over the agent.
fn over_it() -> Result<bool> {
    let user = voice("awb")?;
    let mut config = LocalSttConfig::default();
    config.partials = false;
    let stt = LocalStt::load(config)?;
    let sentences: Vec<String> = Intents::builtin()?.utterances().into_iter().map(|utterance| utterance.say).collect();
    let says = sentences.iter().map(|sentence| say(&user, sentence)).collect::<Result<Vec<_>>>()?;
    let alone = sentences.iter().zip(&says).map(|(sentence, audio)| Ok(recognise(&stt, audio)? == *sentence));
    let alone = alone.collect::<Result<Vec<bool>>>()?.into_iter().filter(|right| *right).count();
    println!("a user over the agent, {} sentences, understood when said into silence: {alone}", sentences.len());
    println!("                                stopped it   after (p50)   understood   cut short by itself");
    let mut met = true;
    for (name, gain_db, delay_ms, cancel) in [
        ("headphones                  ", -90.0, 120, true),
        ("echo −12 dB,  40 ms, cancelled", -12.0, 40, true),
        ("echo −12 dB, 120 ms, cancelled", -12.0, 120, true),
        ("echo −12 dB, 200 ms, cancelled", -12.0, 200, true),
        ("echo  −6 dB, 120 ms, cancelled", -6.0, 120, true),
        ("echo −12 dB, 120 ms, left in  ", -12.0, 120, false),
    ] {
        let listener = Listener::default();
        let length = Duration::from_secs(30) * sentences.len() as u32;
        let outcome = call(Scene { says: says.clone(), length, ..scene(delay_ms, gain_db, cancel) }, &listener)?;
        let mut understood = 0;
        for (sentence, turn) in sentences.iter().zip(&outcome.heard) {
            if let Some(turn) = turn {
                understood += usize::from(recognise(&stt, &listener.heard(*turn))? == *sentence);
            }
        }
        let mut after: Vec<Duration> = outcome.replies.iter().filter_map(|reply| reply.stopped_after).collect();
        let (stopped, median) = (after.len(), percentile(&mut after, 50).as_millis());
        println!("{name:30}  {stopped:10}   {median:8} ms   {understood:10}   {:10}", outcome.self_interruptions());
        if cancel {
            met &= reached("  understood", 100.0 * understood as f64 / sentences.len() as f64, 50.0, "%");
        }
    }
    Ok(met)
}

/// Sessions whose memory is measured together.
const SESSIONS: u64 = 64;

/// What it costs.
fn cost() -> Result<bool> {
    let far: Vec<f32> = buzz(16_000).into_iter().map(pcm::to_f32).collect();
    let before = resident_kib();
    let mut cancellers: Vec<Aec3> = (0..SESSIONS).map(|_| Aec3::new()).collect();
    for canceller in &mut cancellers {
        far.chunks_exact(canceller.frame_len()).try_for_each(|far| canceller.process(&mut [0.0; 160], far))?;
    }
    println!("cancelling echo, memory of a session: {} KiB", (resident_kib() - before) / SESSIONS);
    drop(cancellers);
    let mut canceller = Aec3::new();
    let mut second = || -> Result<Duration> {
        let before = thread_cpu();
        for _ in 0..10 {
            for far in far.chunks_exact(canceller.frame_len()) {
                let mut near = [0.0; 160];
                near.iter_mut().zip(far).for_each(|(near, far)| *near = 0.25 * far);
                canceller.process(&mut near, far)?;
            }
        }
        Ok((thread_cpu() - before) / 10)
    };
    let mut times = (0..9).map(|_| second()).collect::<Result<Vec<_>>>()?;
    Ok(held("cancelling echo, CPU for a second of audio", percentile(&mut times, 50).as_secs_f64() * 1e3, 10.0, "ms"))
}

fn main() -> std::result::Result<ExitCode, Failure> {
    let met = cost()? & alone()? & over_it()?;
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
