//! What is said, and where whoever says it stops to think.

/// Why somebody pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Before a conjunction or another clause: what was said may be whole.
    Clause,
    /// Inside a number, an address, something spelled.
    Number,
    /// After "um", or in the middle of a phrase.
    Hesitation,
    /// Nowhere.
    Whole,
    /// A recording: natural pauses, and one put in.
    Recorded,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [Self::Clause, Self::Number, Self::Hesitation, Self::Whole, Self::Recorded];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Clause => "before a clause",
            Self::Number => "inside a number",
            Self::Hesitation => "hesitation",
            Self::Whole => "said in one go",
            Self::Recorded => "recordings",
        }
    }
}

/// The sentences; `|` stands where the pauses are.
pub(crate) const SENTENCES: [(Kind, &[&str]); 4] = [
    (
        Kind::Clause,
        &[
            "I would like to book a table for four people | on Friday evening.",
            "Can you tell me the weather in Berlin | and whether I need an umbrella?",
            "I ordered a lamp last week | but it has not arrived yet.",
            "We could meet on Tuesday | or if that is too early | on Wednesday afternoon.",
            "Please send the invoice to my office | because I am travelling at the moment.",
            "I want to cancel my subscription | unless you can offer me a better price.",
            "The printer stopped working yesterday | so I restarted it | and now it shows an error.",
            "My flight leaves at nine | which means I have to be there at seven.",
            "I need two tickets for the concert | and a place to park the car.",
            "Could you move the appointment to next week | if the doctor is free then?",
            "I tried the new password | and it still says that it is wrong.",
            "There was a charge on my card | that I do not recognize.",
            "I would take the blue one | although the red one is cheaper.",
            "Turn the lights off in the kitchen | and close the blinds in the bedroom.",
        ],
    ),
    (
        Kind::Number,
        &[
            "My phone number is five five five | two oh one | four four nine six.",
            "The code is seven three | nine one | eight two.",
            "My account number is four two zero | one one seven | nine three.",
            "You can reach me at oh seven seven | one two three | four five six.",
            "I live at twenty four | Maple Street | in Springfield.",
            "My order number is a b | one seven | nine nine four.",
            "It is spelled k o | w a l | s k i.",
            "My birthday is the third of March | nineteen | eighty four.",
            "The address is one hundred and twelve | River Road | apartment five.",
            "The card number is four one one one | two two two two | three three three three.",
            "The total was one thousand | two hundred and fifty dollars.",
            "Please call me on nine one seven | five five five | oh one two three.",
        ],
    ),
    (
        Kind::Hesitation,
        &[
            "I would like um | a large pizza with mushrooms.",
            "Can you find me uh | a hotel near the station?",
            "So I was thinking | that we could start a little later.",
            "I want to talk to | the person who sold me the car.",
            "It happened on the | second day of our holiday.",
            "What I really need is | a plumber who comes today.",
            "Well you know | it is not that easy to explain.",
            "The name of the restaurant was | the golden dragon.",
            "I am looking for a | present for my daughter.",
            "Let me see um | Thursday would be fine.",
            "Remind me to | call my brother at six.",
            "My favourite colour is uh | green I think.",
            "He told me that the | repair would take three weeks.",
            "I think we should um | try the other train.",
        ],
    ),
    (
        Kind::Whole,
        &[
            "What time is it?",
            "Yes please.",
            "No thank you, that is all.",
            "Set a timer for five minutes.",
            "How do I get to the airport?",
            "That sounds good to me.",
            "I would like to speak to a person.",
            "Can you say that again?",
            "Tell me a story about a dragon.",
            "Thank you very much for your help.",
            "Play some music in the living room.",
            "How much does the small one cost?",
        ],
    ),
];
