//! Who is logged in: random names that a browser keeps as a cookie, and the server here.

use std::collections::HashMap;

/// How long a login lasts.
pub(super) const LIFE_S: u64 = 12 * 3_600;
/// Logins at once. One more ends the oldest.
const MOST: usize = 256;

/// The logins that count, by name, with the time at which they end.
#[derive(Debug, Default)]
pub(super) struct Cookies {
    ends: HashMap<String, u64>,
}

impl Cookies {
    /// Remembers a login.
    pub(super) fn add(&mut self, name: String, now: u64) {
        self.ends.retain(|_, end| *end > now);
        if self.ends.len() >= MOST
            && let Some(oldest) = self.ends.iter().min_by_key(|(_, end)| **end).map(|(name, _)| name.clone())
        {
            self.ends.remove(&oldest);
        }
        self.ends.insert(name, now + LIFE_S);
    }

    /// Whether this login counts.
    pub(super) fn knows(&self, name: &str, now: u64) -> bool {
        self.ends.get(name).is_some_and(|end| *end > now)
    }

    /// Forgets a login.
    pub(super) fn remove(&mut self, name: &str) {
        self.ends.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_ends_by_itself_or_by_being_forgotten() {
        let mut cookies = Cookies::default();
        cookies.add("a".into(), 0);
        cookies.add("b".into(), 0);
        cookies.remove("b");
        assert!(cookies.knows("a", LIFE_S - 1) && !cookies.knows("a", LIFE_S));
        assert!(!cookies.knows("b", 0) && !cookies.knows("", 0));
    }

    #[test]
    fn one_too_many_ends_the_oldest() {
        let mut cookies = Cookies::default();
        (0..=MOST as u64).for_each(|index| cookies.add(index.to_string(), index));
        assert!(!cookies.knows("0", 300) && cookies.knows("1", 300));
        assert_eq!(cookies.ends.len(), MOST);
    }
}
