//! A conversation without keys, network, microphone or loudspeaker: a typed question, and what the agent says of it.
//!
//!     cargo run -p agent-server --example offline -- what is seven plus twelve
//!
//! Prints the events of one turn: the final transcript, each piece of the reply, what was heard of it.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use voice_core::agent::{Agent, Control, Output, SessionOptions};
use voice_core::conversation::{CloseReason, Event};
use voice_providers::local::{DemoBrain, DemoBrainConfig};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let question = if words.is_empty() { "what can you do".to_owned() } else { words.join(" ") };

    let brain = DemoBrain::new(DemoBrainConfig::default())?;
    let agent = Agent::builder().llm(Arc::new(brain)).build();
    let session = agent.open(SessionOptions::default())?;
    session.control(Control::Text(question))?;

    let mut out = std::io::stdout();
    while let Some(output) = session.next_output().await {
        match output {
            Output::Event(Event::Transcript { text, is_final: true, .. }) => writeln!(out, "you:   {text}")?,
            Output::Event(Event::Reply { text, .. }) => writeln!(out, "agent: {}", text.trim_end())?,
            Output::Event(Event::Failed { stage, message, .. }) => writeln!(out, "{stage} failed: {message}")?,
            Output::Event(Event::ReplyEnd { heard, .. }) => {
                writeln!(out, "heard: {heard}")?;
                session.control(Control::Close(CloseReason::End))?;
            }
            Output::Event(_) | Output::Audio { .. } => {}
        }
    }
    Ok(())
}
