//! What must hold of a conversation that goes on elsewhere, at whatever moment it is left.

use crate::checker::Verdict;
use voice_core::conversation::{Command, Conversation, ConversationConfig, Event, Input, Prompt, Snapshot};
use voice_core::{SessionTime, TurnId};

/// One in so many moments is tried: a copy of the history is dear.
const EVERY: u32 = 41;

#[derive(Default)]
pub(crate) struct Moves {
    config: ConversationConfig,
    moments: u32,
}

impl Moves {
    pub(crate) fn new(config: &ConversationConfig) -> Self {
        let mut config = config.clone();
        config.greeting = Some("A greeting that nobody wants twice.".to_owned());
        Self { config, moments: 0 }
    }

    /// Leaves the conversation as it stands and goes on with it elsewhere. `begun` tells whether anything of a turn's answer
    /// has reached the client.
    pub(crate) fn at_rest(&mut self, conversation: &Conversation, begun: impl Fn(TurnId) -> bool) -> Verdict {
        self.moments += 1;
        if !self.moments.is_multiple_of(EVERY) || conversation.is_closed() {
            return Ok(());
        }
        let snapshot = conversation.snapshot();
        let read = Snapshot::from_json(snapshot.to_json().as_bytes());
        require!(read.as_ref().is_ok_and(|read| *read == snapshot), "{snapshot:?} is read as {read:?}");
        require!(
            snapshot.owed.is_none_or(|turn| !begun(turn)),
            "turn {:?} is owed, and the user got some of its answer",
            snapshot.owed
        );
        let committed: Vec<_> = conversation.history().cloned().collect();
        require!(snapshot.history.starts_with(&committed), "{snapshot:?} forgets some of {committed:?}");
        let mut next = Conversation::new(self.config.clone());
        next.handle(SessionTime::ZERO, Input::Continue { output_rate: 16_000, snapshot: Box::new(snapshot.clone()) });
        let commands: Vec<Command> = std::iter::from_fn(|| next.poll()).collect();
        require!(next.newest_turn() == conversation.newest_turn(), "its turns do not count on");
        let answered: Vec<_> = commands
            .iter()
            .filter_map(|command| match command {
                Command::StartReply { reply, prompt } => Some((reply.turn, *prompt == Prompt::Model)),
                _ => None,
            })
            .collect();
        let due = snapshot.questions.last().map(|question| question.turn).or(snapshot.owed);
        require!(
            answered == due.map(|turn| (turn, true)).into_iter().collect::<Vec<_>>(),
            "{answered:?} for {snapshot:?}"
        );
        let finals = commands.iter().filter(|command| matches!(command, Command::Emit(Event::Transcript { .. })));
        let untold = snapshot.questions.iter().filter(|question| !question.told).count();
        require!(finals.count() == untold, "{untold} questions were to be told");
        Ok(())
    }
}
