//! Memory: older turns are summed up while nobody waits for the model, and what becomes of them when that fails.

use crate::tools::{history, told};
use crate::*;
use insta::assert_snapshot;
use voice_core::conversation::{CloseReason, Command, OlderTurns};
use voice_core::{Message, ReplyId, SummaryId};

/// Room for six exchanges of 12 tokens. From three on, all but the newest are summed up, in 20 tokens; a summary takes 20
/// beside its words.
fn forgetful() -> ConversationConfig {
    let mut config = settings();
    config.text_only = true;
    config.memory.max_tokens = 80;
    config.memory.summarise_percent = 40;
    config.memory.keep_percent = 20;
    config.memory.summary_tokens = 20;
    config.memory.summary_timeout_ms = 5_000;
    config
}

/// Two tokens each.
const WORDS: [&str; 9] = ["", "apple", "peach", "lemon", "grape", "mango", "melon", "olive", "prune"];

/// The `turn`-th exchange, `turn` seconds after the beginning.
fn exchange(script: Script, turn: u32) -> Script {
    let at = u64::from(turn) * 1_000;
    let text = WORDS[turn as usize].to_owned();
    script.at(at, Input::UserText(text)).at(at + 10, sentence(turn, "Noted.")).at(at + 20, written(turn))
}

fn exchanges(config: ConversationConfig, turns: std::ops::RangeInclusive<u32>) -> Script {
    turns.fold(Script::new(config), exchange)
}

fn summary(id: u32, text: &str) -> Input {
    Input::Summarised { id: SummaryId(id), summary: Some(text.into()) }
}

fn no_summary(id: u32) -> Input {
    Input::Summarised { id: SummaryId(id), summary: None }
}

/// What was to be summed up, in order.
fn asked_for(timeline: &Timeline) -> Vec<String> {
    let asked = timeline.commands().filter_map(|command| match command {
        Command::Summarise { messages, .. } => Some(told(messages.clone())),
        _ => None,
    });
    asked.collect()
}

#[test]
fn the_older_turns_are_summed_up_after_the_reply_and_the_summary_takes_their_place() {
    let script = exchanges(forgetful(), 1..=3);
    assert_snapshot!(history(&script), @"user: apple | agent: Noted. | user: peach | agent: Noted. | user: lemon | agent: Noted.");
    let beginning = exchanges(forgetful(), 1..=2).run_until(2_999).to_string();
    let script = script.at(4_000, summary(0, "Two fruits."));
    assert_snapshot!(history(&script), @"(Two fruits.) | user: lemon | agent: Noted.");
    assert_snapshot!(script.run_until(5_000).to_string().split_off(beginning.len()), @r#"
    3000 UserText("lemon")
         → Transcript { turn: 3, text: "lemon", is_final: true }
         → CommitUser { turn: 3, text: "lemon" }
         → StartReply { reply: 3, prompt: Model }
         → State(Thinking)
    3010 Reply { reply: 3, text: "Noted. ", speech: "Noted." }
         → Reply { turn: 3, text: "Noted. " }
    3020 ReplyEnded { reply: 3 }
         → EndSpeech { reply: 3 }
         → Metrics { turn: 3, total: none }
         → CommitAgent { turn: 3, text: "Noted." }
         → ReplyEnd { turn: 3, interrupted: false, heard: "Noted." }
         → Summarise { id: 0, messages: [User("apple"), Agent("Noted."), User("peach"), Agent("Noted.")], most_tokens: 20 }
         → State(Listening)
    4000 Summarised { id: 0, summary: Some("Two fruits.") }
    "#);
}

#[test]
fn the_next_summary_stands_for_the_last_one_as_well() {
    let script = exchanges(forgetful(), 1..=3).at(3_500, summary(0, "Two fruits."));
    let script = exchange(exchange(script, 4), 5);
    let timeline = script.clone().run_until(6_000);
    assert_eq!(
        asked_for(&timeline),
        [
            "user: apple | agent: Noted. | user: peach | agent: Noted.",
            "(Two fruits.) | user: lemon | agent: Noted. | user: grape | agent: Noted.",
        ]
    );
    let script = script.at(6_500, summary(1, "Four fruits."));
    assert_eq!(history(&script), "(Four fruits.) | user: mango | agent: Noted.");
}

#[test]
fn what_is_said_meanwhile_stays_and_is_not_summed_up_a_second_time() {
    let script = exchanges(forgetful(), 1..=5).at(5_500, summary(0, "Two fruits."));
    assert_eq!(asked_for(&script.clone().run_until(5_500)).len(), 2, "the second only once the first is there");
    assert_eq!(
        history(&script),
        "(Two fruits.) | user: lemon | agent: Noted. | user: grape | agent: Noted. | user: mango | agent: Noted."
    );
}

#[test]
fn a_model_that_is_needed_for_an_answer_is_not_asked_to_sum_up() {
    let script = exchanges(forgetful(), 1..=2).at(3_000, Input::UserText("lemon".into()));
    assert_eq!(asked_for(&script.clone().run_until(3_500)), [""; 0]);
    // A question that waits behind the answer comes first as well.
    let script = script.at(3_600, Input::UserText("grape".into())).at(3_700, sentence(4, "Noted."));
    assert_eq!(asked_for(&script.clone().run_until(3_800)), [""; 0]);
    assert_eq!(asked_for(&script.at(3_900, written(4)).run_until(3_900)).len(), 1);
}

#[test]
fn a_summary_that_does_not_come_is_given_up_and_the_turns_are_dropped_when_there_is_no_room() {
    let script = exchanges(forgetful(), 1..=3);
    let timeline = script.clone().run_until(8_020);
    assert!(timeline.to_string().ends_with("8020 Timeout\n       → CancelSummary { id: 0 }\n"), "{timeline}");
    // It is of no use any more.
    let script = script.at(8_500, summary(0, "Two fruits."));
    assert!(history(&script).starts_with("user: apple | agent: Noted. | user: peach"), "{}", history(&script));
    // Another one is tried when as much was said as a summary holds.
    let script =
        script.at(9_000, Input::UserText("grape".into())).at(9_010, sentence(4, "Noted.")).at(9_020, written(4));
    assert_eq!(asked_for(&script.clone().run_until(9_100)).len(), 1);
    let script =
        script.at(9_200, Input::UserText("mango".into())).at(9_210, sentence(5, "Noted.")).at(9_220, written(5));
    assert_eq!(asked_for(&script.run_until(9_300)).len(), 2);
}

#[test]
fn a_model_that_cannot_sum_up_leaves_the_newest_turns_for_which_there_is_room() {
    for nothing in [no_summary(0), summary(0, " \n")] {
        let script = exchanges(forgetful(), 1..=3).at(3_500, nothing);
        assert_eq!(script.conversation().next_timeout(), None);
        let script = (4..=7).fold(script, exchange);
        let turns: Vec<String> = (2..=7).map(|turn| format!("user: {} | agent: Noted.", WORDS[turn])).collect();
        assert_eq!(history(&script), turns.join(" | "));
    }
}

#[test]
fn a_summary_that_came_after_its_turns_were_dropped_still_tells_of_them() {
    let mut config = forgetful();
    config.memory.summary_timeout_ms = 60_000;
    let script = exchanges(config, 1..=8);
    assert!(history(&script).starts_with("user: lemon"), "{}", history(&script));
    let script = script.at(9_000, summary(0, "Two fruits."));
    // 80 tokens: 24 for the summary, 48 for four turns.
    let turns: Vec<String> = (5..=8).map(|turn| format!("user: {} | agent: Noted.", WORDS[turn])).collect();
    assert_eq!(history(&script), format!("(Two fruits.) | {}", turns.join(" | ")));
}

#[test]
fn a_summary_is_cut_to_the_room_that_it_has() {
    let script = exchanges(forgetful(), 1..=3).at(3_500, summary(0, &"word ".repeat(1_000)));
    let Some(Message::Summary(text)) = script.conversation().history().next() else {
        panic!("it begins with a summary")
    };
    assert_eq!(*text, "word ".repeat(16).trim_end());
}

#[test]
fn where_older_turns_are_to_be_dropped_no_model_is_asked() {
    let mut config = forgetful();
    config.memory.older_turns = OlderTurns::Drop;
    let script = exchanges(config, 1..=8);
    assert!(history(&script).starts_with("user: lemon"), "{}", history(&script));
    assert_eq!(asked_for(&script.run_until(9_000)), [""; 0]);
}

#[test]
fn instructions_and_context_are_never_dropped() {
    let [instructions, context] = ["Be brief. ".repeat(100), "It is noon. ".repeat(100)];
    let start = Script::new(forgetful()).at(
        0,
        Input::SetContext { instructions: Some(Some(instructions.clone())), context: Some(Some(context.clone())) },
    );
    let script = (1..=8).fold(start, exchange);
    assert_eq!(script.conversation().instructions(), Some(instructions.as_str()));
    assert_eq!(script.conversation().context(), Some(context.as_str()));
    assert!(script.conversation().history().len() >= 2, "they take nothing from the history");
}

#[test]
fn an_answer_that_is_held_is_given_though_the_summary_comes_meanwhile() {
    let mut config = forgetful();
    config.speculation.max_tries = 3;
    let prepared = exchanges(config, 1..=3)
        .at(4_000, onset(4_000))
        .at(4_900, partial(4, "what time is it"))
        .at(5_100, Input::SpeechPaused { at: AudioTime::from_millis(5_000) })
        .at(5_200, Input::FirstToken { reply: ReplyId { turn: TurnId(4), attempt: 0 } });
    let script = prepared.at(5_250, summary(0, "Two fruits."));
    // What the model would be asked next: the same facts, and the words that are not in the history yet.
    assert_eq!(
        told(script.conversation().messages()),
        "(Two fruits.) | user: lemon | agent: Noted. | user: what time is it"
    );
    let script = script
        .at(5_260, sentence(4, "It is noon."))
        .at(5_270, written(4))
        .at(5_300, pause(5_000))
        .at(5_400, words(4, 0, "What time is it?"))
        .at(6_000, Input::Timeout);
    assert_eq!(
        history(&script),
        "(Two fruits.) | user: lemon | agent: Noted. | user: What time is it? | agent: It is noon."
    );
    let timeline = script.run_until(6_000);
    let asked = timeline.commands().filter(|command| matches!(command, Command::StartReply { .. })).count();
    assert_eq!(asked, 4, "the answer that was held is the one that was given");
}

#[test]
fn nothing_is_summed_up_for_a_client_that_is_away_or_a_session_that_is_over() {
    let away = exchanges(forgetful(), 1..=2).at(2_500, Input::Detached);
    let typed = away.at(3_000, Input::UserText("lemon".into()));
    assert_eq!(asked_for(&typed.clone().run_until(4_000)), [""; 0]);
    let back =
        typed.at(5_000, Input::Attached { output_rate: 16_000 }).at(5_100, sentence(3, "Noted.")).at(5_200, written(3));
    assert_eq!(asked_for(&back.clone().run_until(5_200)).len(), 1);
    let over = back.at(5_300, Input::Close(CloseReason::End)).at(5_400, summary(0, "Two fruits."));
    assert_eq!(over.conversation().history().len(), 0, "the summary is erased with the history");
    assert_eq!(over.conversation().next_timeout(), None);
}
