//! Turns for the conversation machine.

use std::hint::black_box;
use std::time::Duration;
use voice_core::conversation::{Conversation, ConversationConfig, Input};
use voice_core::{AudioTime, SentenceId, SessionTime};

/// Plays turns into a conversation; tells how many facts that were.
pub fn play(turns: u64) -> u64 {
    let mut conversation = Conversation::new(ConversationConfig::default());
    let mut now = SessionTime::ZERO;
    let mut facts = 0;
    let mut learn = |conversation: &mut Conversation, now: SessionTime, input: Input| {
        conversation.handle(now, input);
        while let Some(command) = conversation.poll() {
            black_box(command);
        }
        facts += 1;
    };
    for round in 0..turns {
        let at = AudioTime::from_millis(round * 1_000);
        learn(&mut conversation, now, Input::SpeechStarted { at });
        let Some(turn) = conversation.open_turn() else { continue };
        let reply = turn.into();
        for _ in 0..4 {
            now = now + Duration::from_millis(100);
            learn(&mut conversation, now, Input::PartialTranscript { turn, text: "what time".into() });
        }
        let silence = Duration::from_millis(200);
        learn(&mut conversation, now, Input::SpeechEnded { at, silence });
        let text = "what time is it".to_owned();
        learn(&mut conversation, now, Input::FinalTranscript { turn, attempt: 0, text, unclear: false });
        now = now + Duration::from_millis(400);
        learn(&mut conversation, now, Input::Timeout);
        learn(&mut conversation, now, Input::FirstToken { reply });
        let (text, speech) = ("It is noon. ".to_owned(), "It is noon.".to_owned());
        learn(&mut conversation, now, Input::Reply { reply, text, speech });
        learn(&mut conversation, now, Input::ReplyEnded { reply });
        let sentence = SentenceId(0);
        for piece in 1..=10u64 {
            learn(&mut conversation, now, Input::Synthesized { reply, sentence, samples: 1_600 });
            learn(&mut conversation, now, Input::Sent { reply, samples: piece * 1_600 });
            let reported = false;
            learn(&mut conversation, now, Input::Played { turn, samples: piece * 1_600, reported });
        }
        learn(&mut conversation, now, Input::SentenceSynthesized { reply, sentence });
        let last = if round % 3 == 0 { Input::Interrupt } else { Input::PlaybackDone { reply } };
        learn(&mut conversation, now, last);
        now = now + Duration::from_secs(1);
    }
    facts
}
