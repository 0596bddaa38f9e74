//! What words say about an interruption.

use super::Interruption;
use super::lists::{COMMON, LISTS, WordList};

/// What the words known so far amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::conversation) enum Wording {
    /// There are none.
    Nothing,
    /// Somebody listens and says so.
    BackChannel,
    /// Words, but fewer than it takes to stop the agent.
    TooFew,
    /// One word that is none of the above. While somebody speaks that is a recogniser's first guess: a "yes" begins as a
    /// "you" often enough.
    OneWord,
    /// Words that are meant for the agent.
    Meant,
    /// The agent is to be silent.
    Stop,
}

impl Interruption {
    /// What these words amount to.
    pub(in crate::conversation) fn wording(&self, text: &str) -> Wording {
        let words = words(text);
        if words.is_empty() {
            Wording::Nothing
        } else if self.is_stop(&words) {
            Wording::Stop
        } else if !is_question(text) && self.is_back_channel(&words) {
            Wording::BackChannel
        } else {
            match count(&words) {
                few if few < self.min_words as usize => Wording::TooFew,
                1 => Wording::OneWord,
                _ => Wording::Meant,
            }
        }
    }

    /// Whether a word, in small letters, may decide about an interruption by being this one and no other.
    pub(crate) fn heeds(&self, word: &str) -> bool {
        let own = [&self.back_channels, &self.stop_words].into_iter().flatten().flatten();
        let listed = self.lists().flat_map(|list| [list.back_channels, list.stops, list.lead_ins]).flatten();
        own.flat_map(|phrase| words(phrase)).any(|heeded| sounds_like(word, &heeded))
            || listed.flat_map(|phrase| phrase.split(' ')).any(|heeded| sounds_like(word, heeded))
    }

    /// A stop, once what is said before it out of politeness is taken away.
    fn is_stop(&self, words: &[String]) -> bool {
        let mut rest = words;
        loop {
            if self.length_of(rest, &self.stop_words, |list| list.stops).is_some() {
                return true;
            }
            let lead_in = self.length_of(rest, &None, |list| list.lead_ins);
            let before = lead_in.or_else(|| self.length_of(rest, &self.back_channels, |list| list.back_channels));
            match before {
                Some(length) => rest = &rest[length..],
                None => return false,
            }
        }
    }

    fn is_back_channel(&self, words: &[String]) -> bool {
        let mut rest = words;
        while let Some(length) = self.length_of(rest, &self.back_channels, |list| list.back_channels) {
            rest = &rest[length..];
        }
        rest.is_empty()
    }

    /// How many of the words the longest phrase takes up that they begin with.
    fn length_of(
        &self,
        words: &[String],
        own: &Option<Vec<String>>,
        of: fn(&WordList) -> &'static [&'static str],
    ) -> Option<usize> {
        match own {
            Some(own) => own.iter().filter_map(|phrase| length_within(words, self::words(phrase))).max(),
            None => {
                let phrases = self.lists().flat_map(|list| of(list).iter());
                phrases.filter_map(|phrase| length_within(words, phrase.split(' '))).max()
            }
        }
    }

    /// The lists of the language; of all of them where none is set.
    fn lists(&self) -> impl Iterator<Item = &'static WordList> {
        let language = self.language.as_deref().filter(|language| !matches!(*language, "" | "multi"));
        let spoken = move |list: &&WordList| {
            let region_aside = |language: &str| language.split(['-', '_']).next().map(str::to_ascii_lowercase);
            language.is_none_or(|language| region_aside(language).as_deref() == Some(list.language))
        };
        let matching: Vec<&'static WordList> = LISTS.iter().filter(spoken).collect();
        std::iter::once(&COMMON).chain(matching)
    }
}

/// A listener who asks wants an answer: "okay?", "really?".
fn is_question(text: &str) -> bool {
    text.trim_end().ends_with(['?', '？'])
}

/// The words of a text: small letters, without punctuation other than the apostrophe inside a word.
pub(super) fn words(text: &str) -> Vec<String> {
    let text = text.to_lowercase().replace('’', "'");
    let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '\'');
    words.map(|word| word.trim_matches('\'').to_owned()).filter(|word| !word.is_empty()).collect()
}

/// How many words there are; where they are written without blanks, every character is one.
fn count(words: &[String]) -> usize {
    words.iter().map(|word| word.chars().filter(|letter| *letter >= '\u{2E80}').count().max(1)).sum()
}

/// The length of a phrase, in words, that these words begin with.
fn length_within(words: &[String], phrase: impl IntoIterator<Item = impl AsRef<str>>) -> Option<usize> {
    let mut length = 0;
    for expected in phrase {
        if !sounds_like(words.get(length)?, expected.as_ref()) {
            return None;
        }
        length += 1;
    }
    (length > 0).then_some(length)
}

/// Whether two words are the same but for letters that are drawn out.
fn sounds_like(word: &str, other: &str) -> bool {
    let short = |word: &str| {
        let mut last = None;
        word.chars().filter(move |letter| last.replace(*letter) != Some(*letter)).collect::<Vec<_>>()
    };
    word == other || (word.chars().next() == other.chars().next() && short(word) == short(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn says(policy: &Interruption, wording: Wording, texts: &[&str]) {
        for text in texts {
            assert_eq!(policy.wording(text), wording, "{text:?}");
        }
    }

    fn in_language(language: &str) -> Interruption {
        Interruption { language: Some(language.into()), ..Interruption::default() }
    }

    #[test]
    fn a_listener_who_says_so_does_not_interrupt_in_four_languages() {
        let english = [
            "Mm-hm.",
            "mhm",
            "Mmm",
            "Hmmm...",
            "uh-huh",
            "Yeah.",
            "Yeah, yeah, right.",
            "Okay",
            "OK, got it",
            "I see.",
        ];
        says(&in_language("en-US"), Wording::BackChannel, &english);
        says(&in_language("de"), Wording::BackChannel, &["Ja, genau.", "Mhm", "Ach so!", "Alles klar"]);
        says(&in_language("fr"), Wording::BackChannel, &["Oui, d’accord.", "D'accord", "ouais", "Je vois"]);
        says(&in_language("es"), Wording::BackChannel, &["Sí, claro.", "Vale", "De acuerdo"]);
        says(&Interruption::default(), Wording::BackChannel, &["Yeah", "Genau", "Oui", "Vale"]);
    }

    #[test]
    fn whoever_says_more_or_asks_is_meant() {
        let english = ["Yeah, but", "What time is it?", "Thank you", "Don't stop", "Which bus stop"];
        says(&in_language("en"), Wording::Meant, &english);
        says(&in_language("en"), Wording::OneWord, &["No.", "Okay?", "Really?", "Genau", "you"]);
        says(&in_language("ja"), Wording::Meant, &["はい", "Yeah yeah"]);
        says(&in_language("ja"), Wording::BackChannel, &["Okay"]);
        says(&in_language("es"), Wording::Meant, &["Para dos personas"]);
    }

    #[test]
    fn a_stop_is_one_however_politely_it_is_said_and_whatever_follows() {
        let english = [
            "Stop",
            "Stop!",
            "stop it please",
            "Wait, wait",
            "No, wait.",
            "Okay, stop.",
            "Can you please stop",
            "Hold on",
            "Hooold on",
        ];
        says(&in_language("en"), Wording::Stop, &english);
        says(&in_language("de"), Wording::Stop, &["Stopp!", "Halt", "Moment mal", "Bitte sei still", "Nein, warte"]);
        says(&in_language("fr"), Wording::Stop, &["Arrête !", "Attendez", "Tais-toi", "Non, un instant"]);
        says(&in_language("es"), Wording::Stop, &["Espera", "¡Cállate!", "Para ya", "No, un momento"]);
        says(&Interruption { min_words: 3, ..Interruption::default() }, Wording::Stop, &["Stop", "Warte"]);
    }

    #[test]
    fn few_words_are_counted() {
        let policy = Interruption { min_words: 3, ..in_language("en") };
        says(&policy, Wording::TooFew, &["What", "No, no"]);
        says(&policy, Wording::Meant, &["What is that", "何ですか"]);
        says(&policy, Wording::BackChannel, &["Yeah"]);
        says(&policy, Wording::Nothing, &["", " … "]);
    }

    #[test]
    fn ones_own_words_take_the_place_of_the_lists() {
        let policy = Interruption {
            back_channels: Some(vec!["Roger that".into()]),
            stop_words: Some(vec!["Break, break!".into()]),
            ..Interruption::default()
        };
        says(&policy, Wording::BackChannel, &["roger that", "Roger that. Roger that."]);
        says(&policy, Wording::Stop, &["Break break", "Roger that, break break"]);
        says(&policy, Wording::OneWord, &["Roger", "Yeah", "Stop"]);
    }

    #[test]
    fn the_lists_are_written_as_words_come_and_no_phrase_is_in_two_kinds() {
        for list in LISTS.iter().chain([&COMMON]) {
            for phrase in list.back_channels.iter().chain(list.stops).chain(list.lead_ins) {
                assert_eq!(words(phrase).join(" "), *phrase);
            }
            for stop in list.stops {
                assert!(LISTS.iter().all(|other| !other.back_channels.contains(stop)), "{stop}");
            }
        }
    }
}
