//! What the scripted services write down: each call to the language model has a number, which its answer names and its
//! speech is made of, so that whatever is heard can be traced to the words it answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::time::Instant;

/// One call to the language model.
#[derive(Debug, Clone)]
pub struct Call {
    /// The user's last words in it.
    pub words: String,
    pub asked: Instant,
    pub first_token: Option<Instant>,
    /// When its first sentence was to be spoken, and its first audio was sent.
    pub to_speak: Option<Instant>,
    pub first_audio: Option<Instant>,
}

/// The calls of all sessions.
#[derive(Debug, Clone, Default)]
pub struct Book(Arc<Mutex<BTreeMap<usize, Call>>>);

impl Book {
    fn calls(&self) -> MutexGuard<'_, BTreeMap<usize, Call>> {
        self.0.lock().unwrap()
    }

    /// A call comes in; gives its number, from 1 on.
    pub fn asked(&self, words: &str) -> usize {
        let mut calls = self.calls();
        let number = calls.len() + 1;
        let asked = Instant::now();
        let call = Call { words: words.to_owned(), asked, first_token: None, to_speak: None, first_audio: None };
        calls.insert(number, call);
        number
    }

    pub fn note(&self, number: usize, moment: impl FnOnce(&mut Call) -> &mut Option<Instant>) {
        if let Some(call) = self.calls().get_mut(&number) {
            moment(call).get_or_insert(Instant::now());
        }
    }

    pub fn all(&self) -> BTreeMap<usize, Call> {
        self.calls().clone()
    }
}

/// What the language model says in its n-th call: two sentences, the first of them in one piece.
pub fn answer(number: usize) -> [String; 2] {
    [format!("Answer {number} it is. "), format!("And answer {number} has more to say.")]
}

/// The number of the call that a text of the agent comes from.
pub fn number(text: &str) -> Option<usize> {
    text.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty())?.parse().ok()
}

/// A tenth of a second of speech that tells the call: every sample is its number.
pub fn speech(number: usize) -> Vec<u8> {
    std::iter::repeat_n(number as i16, 1_600).flat_map(i16::to_le_bytes).collect()
}

/// The call that audio was made for.
pub fn call_of(pcm: &[u8]) -> Option<usize> {
    let sample = i16::from_le_bytes([*pcm.first()?, *pcm.get(1)?]);
    let same = pcm.chunks_exact(2).all(|pair| i16::from_le_bytes([pair[0], pair[1]]) == sample);
    same.then_some(sample as usize)
}
