//! An answer that is prepared before the turn has ended: given when it fits, otherwise never seen.

use crate::*;
use insta::assert_snapshot;
use voice_core::conversation::{AgentPhase, Command, Event};
use voice_core::{Message, ReplyId, SideEffect, ToolCall, ToolSpec};

/// However complete the words sound, 500 ms of silence end the turn: time enough to see what happens before.
fn eager() -> Script {
    Script::new(preparing())
}

/// Answers are prepared, and all turns end alike.
fn preparing() -> ConversationConfig {
    let mut config = ConversationConfig::default();
    config.endpointing.complete_ms = config.endpointing.min_ms;
    config
}

/// Clear speech again after a moment of silence.
fn speech_goes_on(at_ms: u64) -> Input {
    Input::SpeechResumed { at: AudioTime::from_millis(at_ms) }
}

fn moment_of_silence(at_ms: u64) -> Input {
    Input::SpeechPaused { at: AudioTime::from_millis(at_ms) }
}

fn attempt(attempt: u32) -> ReplyId {
    ReplyId { turn: TurnId(1), attempt }
}

/// The user says "what time is it" from 1,000 to 2,000 ms and is silent for a moment.
fn said() -> Script {
    eager().at(1_000, onset(1_000)).at(1_990, partial(1, "what time is it")).at(2_070, moment_of_silence(2_000))
}

/// The answer of `said`, complete before the turn is.
fn prepared() -> Script {
    said()
        .at(2_200, pause(2_000))
        .at(2_270, Input::FirstToken { reply: attempt(0) })
        .at(2_280, sentence(1, "It is noon."))
        .at(2_290, sentence(1, "Time for lunch."))
        .at(2_290, written(1))
        .at(2_450, audio(1, 0, 8_000))
        .at(2_450, spoken(1, 0))
}

fn begun(timeline: &Timeline) -> Vec<ReplyId> {
    let begun = timeline.commands().filter_map(|command| match command {
        Command::StartReply { reply, .. } => Some(*reply),
        _ => None,
    });
    begun.collect()
}

fn prepared_words(script: &Script) -> Option<String> {
    script.conversation().messages().last().and_then(Message::text).map(str::to_owned)
}

fn metrics(timeline: &Timeline) -> (bool, u32) {
    let metrics = timeline.commands().find_map(|command| match command {
        Command::Emit(Event::Metrics(metrics)) => Some((metrics.speculative, metrics.discarded)),
        _ => None,
    });
    metrics.expect("the turn is measured")
}

#[test]
fn it_is_held_until_the_turn_ends_with_the_same_words() {
    let timeline = prepared().at(2_400, words(1, 0, "What time is it?")).at(2_500, sent(1, 1_600)).run_until(2_500);
    assert_snapshot!(timeline, @r#"
    1000 SpeechStarted { at: 1000 ms }
         → Speech { started: true, at: 1000 ms }
    1990 PartialTranscript { turn: 1, text: "what time is it" }
         → Transcript { turn: 1, text: "what time is it", is_final: false }
    2070 SpeechPaused { at: 2000 ms }
         → StartReply { reply: 1, prompt: Model }
         → PausePlayback { reply: 1 }
    2200 SpeechEnded { at: 2000 ms, silence: 200ms }
         → FinalizeStt { turn: 1, attempt: 0 }
         → Speech { started: false, at: 2000 ms }
    2270 FirstToken { reply: 1 }
    2280 Reply { reply: 1, text: "It is noon. ", speech: "It is noon." }
         → Speak { reply: 1, sentence: 0, text: "It is noon." }
    2290 Reply { reply: 1, text: "Time for lunch. ", speech: "Time for lunch." }
    2290 ReplyEnded { reply: 1 }
    2450 Synthesized { reply: 1, sentence: 0, samples: 8000 }
    2450 SentenceSynthesized { reply: 1, sentence: 0 }
    2450 FinalTranscript { turn: 1, attempt: 0, text: "What time is it?", unclear: false }
    2500 Timeout
         → Transcript { turn: 1, text: "What time is it?", is_final: true }
         → CommitUser { turn: 1, text: "What time is it?" }
         → ResumePlayback { reply: 1 }
         → Speak { reply: 1, sentence: 1, text: "Time for lunch." }
         → EndSpeech { reply: 1 }
         → State(Thinking)
    2500 Sent { reply: 1, samples: 1600 }
         → Reply { turn: 1, text: "It is noon. " }
         → Metrics { turn: 1, total: 500 ms }
         → State(Speaking)
    "#);
}

#[test]
fn what_it_saved_is_told_and_nothing_is_counted_twice() {
    let timeline = prepared().at(2_400, words(1, 0, "What time is it?")).at(2_501, sent(1, 1_600)).run_until(2_501);
    let metrics = timeline.commands().find_map(|command| match command {
        Command::Emit(Event::Metrics(metrics)) => Some(metrics.clone()),
        _ => None,
    });
    let metrics = metrics.expect("the turn is measured");
    assert_eq!((metrics.speculative, metrics.discarded), (true, 0));
    assert_eq!((metrics.total_ms, metrics.llm_ttft_ms, metrics.tts_ms), (Some(501.0), Some(200.0), Some(170.0)));
    let path: Vec<(String, f64)> = metrics.path.iter().map(|part| (format!("{:?}", part.stage), part.ms)).collect();
    let expected = [
        ("Vad", 200.0),
        ("Endpointing", 300.0),
        ("Stt", 0.0),
        ("Llm", 0.0),
        ("Sentence", 0.0),
        ("Tts", 0.0),
        ("Send", 1.0),
    ];
    assert_eq!(path, expected.map(|(stage, ms)| (stage.to_owned(), ms)));
}

#[test]
fn other_words_discard_it_and_begin_another() {
    let script = said().at(2_090, partial(1, "what time is it in Oslo"));
    assert_eq!(prepared_words(&script).as_deref(), Some("what time is it in Oslo"));
    let timeline = script.run_until(2_090);
    assert_eq!(begun(&timeline), [attempt(0), attempt(1)]);
    let last = timeline.moments().last().map(|moment| moment.commands.clone()).expect("the partial is told");
    assert_eq!(
        last[1..4],
        [
            Command::CancelReply { reply: attempt(0) },
            Command::CancelSpeech { reply: attempt(0) },
            Command::FlushPlayback { reply: attempt(0) },
        ]
    );
}

#[test]
fn what_comes_late_from_one_that_was_discarded_is_no_part_of_the_next() {
    let timeline = said()
        .at(2_090, partial(1, "what time is it in Oslo"))
        .at(2_100, Input::FirstToken { reply: attempt(0) })
        .at(2_110, sentence(1, "It is noon."))
        .at(2_110, written(1))
        .at(2_120, audio(1, 0, 8_000))
        .at(2_200, pause(2_000))
        .at(2_300, words(1, 0, "What time is it in Oslo?"))
        .at(2_400, Input::Reply { reply: attempt(1), text: "Six.".into(), speech: "Six.".into() })
        .at(2_410, Input::ReplyEnded { reply: attempt(1) })
        .at(2_600, Input::Synthesized { reply: attempt(1), sentence: SentenceId(0), samples: 1_600 })
        .at(2_600, Input::SentenceSynthesized { reply: attempt(1), sentence: SentenceId(0) })
        .at(2_610, Input::Sent { reply: attempt(1), samples: 1_600 })
        .at(2_710, played(1, 1_600))
        .at(2_710, Input::PlaybackDone { reply: attempt(1) })
        .run_until(3_000);
    let shown: Vec<&str> = timeline
        .commands()
        .filter_map(|command| match command {
            Command::Emit(Event::Reply { text, .. }) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(shown, ["Six."]);
    assert_eq!(metrics(&timeline), (true, 1));
}

#[test]
fn more_speech_discards_it_and_nobody_knows_it_was_there() {
    let timeline = prepared().at(2_460, onset(2_400)).run_until(2_460);
    let told: Vec<String> = timeline
        .commands()
        .filter_map(|command| match command {
            Command::Emit(event) => Some(format!("{event:?}").split(' ').next().unwrap_or_default().to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["Speech", "Transcript", "Speech", "Speech"]);
    let last = timeline.moments().last().map(|moment| moment.commands.len());
    assert_eq!(last, Some(4), "the event, and three commands that end it");
}

#[test]
fn the_history_keeps_the_final_words_though_others_were_answered() {
    let script = said().at(2_200, pause(2_000)).at(2_350, words(1, 0, "What time is it?")).at(2_510, Input::Timeout);
    assert_eq!(script.conversation().agent_phase(), AgentPhase::Thinking);
    let history: Vec<Message> = script.conversation().history().cloned().collect();
    assert_eq!(history, [Message::user("What time is it?")]);
    assert_eq!(script.conversation().messages(), history);
}

#[test]
fn a_change_of_context_makes_it_void() {
    let set = Input::SetContext { instructions: None, context: Some(Some("It is winter.".into())) };
    let timeline = said().at(2_080, set).run_until(2_080);
    assert_eq!(begun(&timeline), [attempt(0), attempt(1)]);
}

#[test]
fn a_moment_of_silence_inside_the_words_counts_no_longer_when_speech_goes_on() {
    let timeline = said()
        .at(2_100, speech_goes_on(2_080))
        .at(2_200, partial(1, "what time is it in"))
        .at(2_400, partial(1, "what time is it in Oslo"))
        .at(2_500, moment_of_silence(2_450))
        .run_until(2_500);
    assert_eq!(begun(&timeline), [attempt(0), attempt(1)], "one at each moment of silence, none for the words between");
}

#[test]
fn a_session_that_discards_much_waits_for_final_transcripts_until_turns_have_made_up_for_it() {
    let mut script = eager();
    let mut begun_before_the_final = Vec::new();
    for number in 1..=8_u32 {
        let (from, turn) = (u64::from(number) * 10_000, TurnId(number));
        let final_words =
            Input::FinalTranscript { turn, attempt: 0, text: format!("{number} tables for two"), unclear: false };
        let before = script.conversation().live_reply();
        script = script
            .at(from, onset(from))
            .at(from + 900, Input::PartialTranscript { turn, text: format!("{number} tables") })
            .at(from + 1_000, moment_of_silence(from + 950));
        begun_before_the_final.push(script.conversation().live_reply() != before);
        // The final has other words, so whatever was prepared is discarded.
        script = script
            .at(from + 1_150, pause(from + 950))
            .at(from + 1_300, final_words)
            .at(from + 2_000, Input::Timeout)
            .at(from + 2_100, Input::Interrupt);
    }
    // Three to begin with, and four in ten turns.
    assert_eq!(begun_before_the_final, [true, true, true, true, false, true, false, false]);
}

#[test]
fn words_that_lead_on_are_not_answered_early() {
    let timeline = eager()
        .at(1_000, onset(1_000))
        .at(1_990, partial(1, "a table for two and"))
        .at(2_070, moment_of_silence(2_000))
        .at(2_200, pause(2_000))
        .run_until(2_600);
    assert_eq!(begun(&timeline), []);
}

#[test]
fn a_recogniser_that_expects_the_end_needs_no_silence() {
    let timeline = eager()
        .at(1_000, onset(1_000))
        .at(1_990, partial(1, "what time is it"))
        .at(2_000, Input::TurnEstimate { turn: TurnId(1), probability: 0.7 })
        .run_until(2_000);
    assert_eq!(begun(&timeline), [attempt(0)]);
}

#[test]
fn a_failure_is_told_to_nobody_and_the_turn_is_answered_when_it_has_ended() {
    let timeline = said()
        .at(2_100, failed(Some(1), Stage::Llm))
        .at(2_200, pause(2_000))
        .at(2_400, words(1, 0, "What time is it?"))
        .run_until(2_600);
    assert_eq!(begun(&timeline), [attempt(0), attempt(1)]);
    let failures = timeline.commands().filter(|command| matches!(command, Command::Emit(Event::Failed { .. }))).count();
    assert_eq!(failures, 0);
}

#[test]
fn tries_are_counted_and_bounded() {
    let mut config = preparing();
    config.speculation.max_tries = 2;
    let mut script = Script::new(config).at(1_000, onset(1_000));
    for number in 1..=6 {
        let at = 1_000 + number * 300;
        script = script.at(at, partial(1, &format!("try it {number} times"))).at(at + 100, moment_of_silence(at + 50));
    }
    let timeline = script.at(3_000, pause(2_900)).at(3_100, words(1, 0, "Try it 6 times.")).run_until(3_600);
    let expected: Vec<ReplyId> = (0..3).map(attempt).collect();
    assert_eq!(begun(&timeline), expected, "two tries, and the answer");
}

#[test]
fn what_is_held_for_too_long_is_dropped() {
    let mut config = preparing();
    config.speculation.held_ms = 1_000;
    let timeline = Script::new(config)
        .at(1_000, onset(1_000))
        .at(1_500, partial(1, "what time is it"))
        .at(1_600, moment_of_silence(1_500))
        .run_until(4_000);
    let last = timeline.moments().last().map(|moment| (moment.at.as_millis_f64(), moment.commands[0].clone()));
    assert_eq!(last, Some((2_600.0, Command::CancelReply { reply: attempt(0) })));
}

#[test]
fn only_its_first_sentence_is_synthesised_before_the_turn_has_ended() {
    let spoken = |timeline: &Timeline| {
        timeline
            .commands()
            .filter(|command| matches!(command, Command::Speak { .. } | Command::EndSpeech { .. }))
            .count()
    };
    let script = prepared().at(2_460, words(1, 0, "What time is it?"));
    assert_eq!(spoken(&script.clone().run_until(2_499)), 1);
    assert_eq!(spoken(&script.run_until(2_500)), 3, "both sentences and the end");
}

/// Tools for looking things up at no cost, and for acting.
fn with_tools() -> Script {
    let tool = |name: &str, effect| ToolSpec {
        name: name.into(),
        description: String::new(),
        parameters: serde_json::json!({"type": "object"}),
        effect,
        deadline: Duration::from_secs(5),
    };
    eager()
        .with_tools([tool("look", SideEffect::Pure), tool("act", SideEffect::Irreversible)].into())
        .at(1_000, onset(1_000))
        .at(1_990, partial(1, "do it"))
        .at(2_070, moment_of_silence(2_000))
}

fn calls(name: &str) -> Input {
    let call = ToolCall { id: "a".into(), name: name.into(), arguments: String::new() };
    Input::ToolCalls { reply: attempt(0), calls: vec![call] }
}

#[test]
fn a_pure_tool_is_called_early_and_told_when_the_turn_has_ended() {
    let script = with_tools()
        .at(2_100, calls("look"))
        .at(2_200, pause(2_000))
        .at(2_300, Input::ToolResult { reply: attempt(0), id: "a".into(), result: Ok("there".into()) });
    let before = script.clone().run_until(2_300);
    let runs =
        |timeline: &Timeline| timeline.commands().filter(|command| matches!(command, Command::RunTool { .. })).count();
    let told = |timeline: &Timeline| {
        timeline.commands().filter(|command| matches!(command, Command::Emit(Event::Tool { .. }))).count()
    };
    assert_eq!((runs(&before), told(&before)), (1, 0));
    let after = script.at(2_400, words(1, 0, "Do it.")).run_until(2_600);
    assert_eq!((runs(&after), told(&after)), (1, 2), "its beginning and its end");
}

#[test]
fn a_tool_that_acts_waits_for_the_end_of_the_turn() {
    let script = with_tools().at(2_100, calls("act")).at(2_200, pause(2_000)).at(2_400, words(1, 0, "Do it."));
    let ran_at = |timeline: &Timeline| {
        let moment = timeline
            .moments()
            .iter()
            .find(|moment| moment.commands.iter().any(|command| matches!(command, Command::RunTool { .. })));
        moment.map(|moment| moment.at.as_millis_f64())
    };
    assert_eq!(ran_at(&script.clone().run_until(2_600)), Some(2_500.0));
    let discarded = script.at(2_450, onset(2_400)).run_until(6_000);
    assert_eq!(ran_at(&discarded), None);
}

#[test]
fn an_answer_that_is_only_shown_is_shown_when_the_turn_has_ended() {
    let mut config = preparing();
    config.text_only = true;
    let timeline = Script::new(config)
        .at(1_000, onset(1_000))
        .at(1_990, partial(1, "what time is it"))
        .at(2_070, moment_of_silence(2_000))
        .at(2_100, sentence(1, "It is noon."))
        .at(2_110, written(1))
        .at(2_200, pause(2_000))
        .at(2_300, words(1, 0, "What time is it?"))
        .run_until(3_000);
    let last: Vec<String> = timeline
        .moments()
        .last()
        .map_or_else(Vec::new, |moment| moment.commands.iter().map(|command| format!("{command:?}")).collect());
    let place = |what: &str| last.iter().position(|command| command.contains(what));
    let places = ["CommitUser", "Emit(Reply", "CommitAgent", "ReplyEnd"].map(place);
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{last:#?}");
}
