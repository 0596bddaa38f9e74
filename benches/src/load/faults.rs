//! What users do that they should not.

use std::str::FromStr;
use voice_core::testing::Random;

/// One misdeed of a user, in one of its turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Goes away in the middle of a word and stays away; another user takes the place.
    Vanish,
    /// Goes away in the middle of a word and comes back to the session.
    Leave,
    /// Goes away in the middle of the answer and comes back to the session.
    LeaveReply,
    /// Sends frames that make no sense, and goes on.
    Garbage,
    /// Sends bytes that are no WebSocket frame, and comes back to the session.
    Nonsense,
    /// Reads nothing for three seconds of the answer.
    Slow,
    /// Talks over the answer.
    Interrupt,
    /// Says something that makes the session's task panic, where the server has such a fake.
    Panic,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Vanish,
        Self::Leave,
        Self::LeaveReply,
        Self::Garbage,
        Self::Nonsense,
        Self::Slow,
        Self::Interrupt,
        Self::Panic,
    ];

    /// Its name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vanish => "vanish",
            Self::Leave => "leave",
            Self::LeaveReply => "leave-reply",
            Self::Garbage => "garbage",
            Self::Nonsense => "nonsense",
            Self::Slow => "slow",
            Self::Interrupt => "interrupt",
            Self::Panic => "panic",
        }
    }
}

/// Which misdeeds, and in how many of a hundred turns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// Those that happen, each as often as any other.
    pub kinds: Vec<Fault>,
    /// Of a hundred turns.
    pub percent: u64,
}

impl Faults {
    /// What happens in the next turn.
    pub fn draw(&self, random: &mut Random) -> Option<Fault> {
        let happens = !self.kinds.is_empty() && random.percent(self.percent);
        happens.then(|| self.kinds[random.within(0..self.kinds.len() as u64) as usize])
    }
}

impl FromStr for Faults {
    type Err = String;

    /// `vanish,slow@20`: these, in 20 of a hundred turns; without a number in 10. `all` are all but `panic`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (names, percent) = text.split_once('@').unwrap_or((text, "10"));
        let percent = percent.parse().map_err(|_| format!("{percent:?} is no number of a hundred turns"))?;
        if names == "all" {
            let kinds = Fault::ALL.into_iter().filter(|fault| *fault != Fault::Panic).collect();
            return Ok(Self { kinds, percent });
        }
        let known = |name: &str| {
            let fault = Fault::ALL.into_iter().find(|fault| fault.as_str() == name);
            fault.ok_or_else(|| format!("{name:?} is none of all, {}", Fault::ALL.map(Fault::as_str).join(", ")))
        };
        Ok(Self { kinds: names.split(',').map(known).collect::<Result<_, _>>()?, percent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_named_with_their_share() {
        assert_eq!("slow,leave@25".parse(), Ok(Faults { kinds: vec![Fault::Slow, Fault::Leave], percent: 25 }));
        let all: Faults = "all".parse().unwrap();
        assert_eq!((all.kinds.len(), all.percent), (Fault::ALL.len() - 1, 10));
        assert!("slow@many".parse::<Faults>().is_err());
        assert!("late".parse::<Faults>().unwrap_err().contains("leave-reply"));
    }
}
