//! A loudspeaker, a microphone, and the way between them.

use std::collections::VecDeque;
use std::time::Duration;

/// Samples a second.
const RATE: usize = 16_000;
/// Reflections after the first sound, within a tenth of a second: a furnished room.
const REFLECTIONS: usize = 40;
const LAST_REFLECTION: usize = RATE / 10;
/// The reflections die away to 1/e within this many samples: 25 ms.
const DECAY: f32 = RATE as f32 / 40.0;
/// A room hums: about −65 dBFS.
const HUM: i32 = 18;

/// Somebody's desk. It plays what it is given, as a client does, and records what a microphone hears of it.
#[derive(Debug)]
pub struct Room {
    waiting: VecDeque<i16>,
    /// What sounded last, newest first.
    sounded: VecDeque<f32>,
    /// By how many samples each echo is late, and how loud it is.
    echoes: Vec<(usize, f32)>,
    paused: bool,
    played: u64,
    random: u32,
}

impl Room {
    /// A room that returns `gain_db` of what is played, all reflections together, the first after `delay`.
    pub fn new(delay: Duration, gain_db: f32) -> Self {
        let mut room = Self {
            waiting: VecDeque::new(),
            sounded: VecDeque::new(),
            echoes: Vec::new(),
            paused: false,
            played: 0,
            random: 1,
        };
        let first = (delay.as_millis() as usize) * RATE / 1_000;
        let mut echoes = vec![(first, 1.0)];
        for _ in 1..REFLECTIONS {
            let late = room.chance() as usize % LAST_REFLECTION;
            let sign = if room.chance().is_multiple_of(2) { 0.7 } else { -0.7 };
            echoes.push((first + late, sign * (-(late as f32) / DECAY).exp()));
        }
        let energy: f32 = echoes.iter().map(|(_, gain)| gain * gain).sum();
        let scale = 10_f32.powf(gain_db / 20.0) / energy.sqrt();
        room.sounded.resize(first + LAST_REFLECTION + 1, 0.0);
        room.echoes = echoes.into_iter().map(|(late, gain)| (late, gain * scale)).collect();
        room
    }

    /// Audio arrives, PCM16 little-endian.
    pub fn play(&mut self, pcm: &[u8]) {
        let (samples, _) = pcm.as_chunks::<2>();
        self.waiting.extend(samples.iter().map(|&sample| i16::from_le_bytes(sample)));
    }

    /// Holds what is left, or goes on with it.
    pub fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Drops what has not sounded.
    pub fn clear(&mut self) {
        self.waiting.clear();
        self.paused = false;
    }

    /// A reply begins: what was played is counted from here.
    pub fn begin(&mut self) {
        self.played = 0;
    }

    /// Samples of the reply that have sounded.
    pub fn played(&self) -> u64 {
        self.played
    }

    /// Time passes while somebody makes these sounds; what the microphone makes of it.
    pub fn record(&mut self, near: &[i16]) -> Vec<i16> {
        near.iter().map(|&near| self.record_one(near)).collect()
    }

    fn record_one(&mut self, near: i16) -> i16 {
        let playing = if self.paused { None } else { self.waiting.pop_front() };
        self.played += u64::from(playing.is_some());
        self.sounded.pop_back();
        self.sounded.push_front(f32::from(playing.unwrap_or(0)));
        let echo: f32 = self.echoes.iter().map(|&(late, gain)| gain * self.sounded[late]).sum();
        let hum = self.chance() as i32 % (2 * HUM + 1) - HUM;
        (f32::from(near) + echo + hum as f32) as i16
    }

    /// A number that looks random and is the same in every run.
    fn chance(&mut self) -> u32 {
        self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.random >> 8
    }
}
