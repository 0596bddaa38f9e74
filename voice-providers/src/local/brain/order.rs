//! Ordering a pizza: a size, a topping, a yes.

/// What the agent says next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    AskSize,
    AskTopping,
    AskConfirmation,
    Ordered,
    Dropped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    #[default]
    None,
    Open,
    Placed,
}

/// The order as the user's words have made it.
#[derive(Debug, Clone, Default)]
pub(super) struct Order {
    phase: Phase,
    size: Option<String>,
    topping: Option<String>,
}

impl Order {
    /// A new order, with what is known of it.
    pub(super) fn begin(&mut self, size: Option<&str>, topping: Option<&str>) -> Step {
        *self = Self { phase: Phase::Open, ..Self::default() };
        self.fill(size, topping)
    }

    /// More about an order that is open.
    pub(super) fn add(&mut self, size: Option<&str>, topping: Option<&str>) -> Option<Step> {
        (self.phase == Phase::Open).then(|| self.fill(size, topping))
    }

    fn fill(&mut self, size: Option<&str>, topping: Option<&str>) -> Step {
        self.size = size.map(str::to_owned).or(self.size.take());
        self.topping = topping.map(str::to_owned).or(self.topping.take());
        match (&self.size, &self.topping) {
            (None, _) => Step::AskSize,
            (_, None) => Step::AskTopping,
            _ => Step::AskConfirmation,
        }
    }

    /// Yes or no. A yes to an order that is not complete asks on; no drops it.
    pub(super) fn confirm(&mut self, yes: bool) -> Option<Step> {
        if self.phase != Phase::Open {
            return None;
        }
        if !yes {
            *self = Self::default();
            return Some(Step::Dropped);
        }
        match self.fill(None, None) {
            Step::AskConfirmation => {
                self.phase = Phase::Placed;
                Some(Step::Ordered)
            }
            missing => Some(missing),
        }
    }

    pub(super) fn is_placed(&self) -> bool {
        self.phase == Phase::Placed
    }

    pub(super) fn size(&self) -> &str {
        self.size.as_deref().unwrap_or_default()
    }

    pub(super) fn topping(&self) -> &str {
        self.topping.as_deref().unwrap_or_default()
    }
}
