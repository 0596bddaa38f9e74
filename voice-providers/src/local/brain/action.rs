//! What the brain can do, by the names used in `intents.toml`.

/// What an intent does. A name not known here says its `plain` reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Plain,
    Time,
    Day,
    Date,
    SetTimer,
    TimeLeft,
    CancelTimer,
    Arithmetic,
    Order,
    Size,
    Topping,
    Yes,
    No,
    Ordered,
    Spell,
    GoOn,
    Repeat,
    Context,
}

impl Action {
    /// The action of the intent called `name`.
    pub(super) fn of(name: &str) -> Self {
        match name {
            "time" => Self::Time,
            "day" => Self::Day,
            "date" => Self::Date,
            "set timer" => Self::SetTimer,
            "time left" => Self::TimeLeft,
            "cancel timer" => Self::CancelTimer,
            "arithmetic" => Self::Arithmetic,
            "order" => Self::Order,
            "size" => Self::Size,
            "topping" => Self::Topping,
            "yes" => Self::Yes,
            "no" => Self::No,
            "ordered" => Self::Ordered,
            "spell" => Self::Spell,
            "go on" => Self::GoOn,
            "repeat" => Self::Repeat,
            "context" => Self::Context,
            _ => Self::Plain,
        }
    }

    /// The replies it cannot do without.
    pub(super) fn replies(self) -> &'static [&'static str] {
        match self {
            Self::Plain | Self::Time | Self::Day | Self::Date | Self::Spell => &["plain"],
            Self::SetTimer => &["set", "refused"],
            Self::TimeLeft => &["left", "over", "none", "unknown"],
            Self::CancelTimer => &["cancelled", "none"],
            Self::Arithmetic => &["plain", "zero", "bound"],
            Self::Order => &["size", "topping", "confirm", "ordered", "dropped"],
            Self::Size | Self::Topping | Self::Yes | Self::No | Self::Repeat => &["none"],
            Self::Ordered | Self::Context => &["some", "none"],
            Self::GoOn => &["none", "over"],
        }
    }

    /// What it can fill into its replies, besides the slots of what was said.
    pub(super) fn placeholders(self) -> &'static [&'static str] {
        match self {
            Self::Time => &["time"],
            Self::Day => &["day"],
            Self::Date => &["day", "date"],
            Self::SetTimer | Self::TimeLeft => &["duration"],
            Self::Arithmetic => &["sum", "number"],
            Self::Order | Self::Ordered => &["size", "topping"],
            Self::Spell => &["word", "letters"],
            Self::Context => &["context"],
            Self::Plain
            | Self::CancelTimer
            | Self::Size
            | Self::Topping
            | Self::Yes
            | Self::No
            | Self::GoOn
            | Self::Repeat => &[],
        }
    }
}
