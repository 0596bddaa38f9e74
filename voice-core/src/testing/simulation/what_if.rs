//! What if? A recorded call once more under other settings.

use super::latency::Latency;
use super::report::{Report, percentile};
use super::scenario::Scenario;
use super::tape::Tape;
use super::world::World;
use crate::conversation::{Command, Conversation, ConversationConfig, Event, Input, PathStage, TurnMetrics};
use crate::recording::Recording;

/// A recorded call under its own settings and under others.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Under the settings of the recording.
    pub before: Report,
    /// Under the others.
    pub after: Report,
}

/// Tells the user's side of a recording to two conversations, one with the settings of the recording and one with those
/// changed by `change`, and compares them.
///
/// The user does and says what they did, at the same times, whatever the agent does: what they would have done instead,
/// nobody knows. The services answer as fast as they did in the middle (the median of the call), in both conversations, with
/// the answers they gave; tools are left out.
pub fn what_if(recording: &Recording, change: impl FnOnce(&mut ConversationConfig)) -> Comparison {
    let mut scenario = measured(recording);
    let before = tell(recording, &scenario);
    change(&mut scenario.conversation);
    Comparison { before, after: tell(recording, &scenario) }
}

fn tell(recording: &Recording, scenario: &Scenario) -> Report {
    let mut nobody = ();
    let mut world = World::new(scenario, 0, &mut nobody);
    world.play_tape(Tape::of(recording));
    world.run()
}

/// The services as they were in a recording.
fn measured(recording: &Recording) -> Scenario {
    let header = recording.header();
    let mut conversation = Conversation::new(header.config.clone()).with_tools(header.tools.clone().into());
    let mut scenario = Scenario { conversation: header.config.clone(), ..Scenario::default() };
    let (mut model, mut voice, mut answers) = (Vec::new(), Vec::new(), Vec::new());
    let (mut characters, mut samples) = (0, 0);
    for (at, input) in recording.inputs() {
        match input {
            Input::Start { output_rate } => scenario.listener.rate = *output_rate,
            Input::Reply { reply, text, speech } => {
                match answers.last_mut() {
                    Some((of, answer)) if of == reply => String::push_str(answer, text),
                    _ => answers.push((*reply, text.clone())),
                }
                characters += speech.chars().count() as u64;
            }
            Input::Synthesized { samples: more, .. } => samples += more,
            _ => {}
        }
        conversation.handle(*at, input.clone());
        while let Some(command) = conversation.poll() {
            if let Command::Emit(Event::Metrics(metrics)) = command {
                model.extend(metrics.llm_ttft_ms);
                voice.extend(metrics.tts_ms.map(|ms| ms + sentence_ms(&metrics)));
            }
        }
    }
    // The text of a clause is its answer's first part; none is waited for twice.
    scenario.model.token = Latency::NONE;
    scenario.model.first_token = median(&model).unwrap_or(scenario.model.first_token);
    scenario.voice.first_byte = median(&voice).unwrap_or(scenario.voice.first_byte);
    if let Some(ms) = (samples * 1_000 / u64::from(scenario.listener.rate.max(1))).checked_div(characters) {
        scenario.voice.character_ms = ms.clamp(1, 1_000) as u32;
    }
    if !answers.is_empty() {
        scenario.model.answers = answers.into_iter().map(|(_, answer)| answer).collect();
    }
    // Those who did not report are taken to play as a clock; so is everybody here.
    scenario.listener.report_ms = 0;
    scenario
}

fn median(values: &[f64]) -> Option<Latency> {
    percentile(values, 50).map(Latency::Constant)
}

fn sentence_ms(metrics: &TurnMetrics) -> f64 {
    metrics.path.iter().filter(|part| part.stage == PathStage::Sentence).map(|part| part.ms).sum()
}
