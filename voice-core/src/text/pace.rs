//! How long words take to say, where nobody has timed them.
//!
//! The figures for Latin letters were fitted to the word ends of four of flite's English voices over 120 sentences
//! (words, numbers, prices, abbreviations) and rounded. Only their proportions matter where the length of a sentence is
//! known.

use super::characters::is_ideographic;
use super::words::is_south_east_asian;

/// How much of a word may be missing at its end, in ms, and it counts as heard. It is the length of the packets in which
/// positions are known, and less than the shortest sound of speech: a listener needs far less than the whole word to
/// know it.
pub const WORD_SOUNDED_MS: u32 = 20;

/// Silence before the first word of a sentence's audio, and after its last, in ms. flite leaves 200, services less.
pub const EDGE_SILENCE_MS: u32 = 150;

/// A word takes this long besides its letters, in ms.
const WORD_MS: u32 = 20;
/// A vowel, and one that follows another: two of them are one syllable more often than two.
const VOWEL_MS: u32 = 100;
const FURTHER_VOWEL_MS: u32 = 50;
const CONSONANT_MS: u32 = 60;
/// A letter of an acronym, said by its name.
const SPELLED_MS: u32 = 200;
/// An acronym longer than this is rather read as a word.
const LONGEST_SPELLED: usize = 3;
/// "214" is said as "two hundred and fourteen".
const DIGIT_MS: u32 = 350;
/// A sign that is said as a word, such as "percent".
const SIGN_MS: u32 = 500;
/// Mandarin is read at 5.2 syllables a second, Japanese at 7.8, Korean at 6.9, Thai at 4.7 of about 2.7 letters (Pellegrino
/// et al. 2011, Coupé et al. 2019).
const IDEOGRAPH_MS: u32 = 200;
const KANA_MS: u32 = 130;
const HANGUL_MS: u32 = 145;
const SOUTH_EAST_ASIAN_MS: u32 = 80;
/// The pause after a comma or at another break of the sentence.
const PAUSE_MS: u32 = 200;

const VOWELS: &str = "aeiouyáàâäãåāæéèêëēęíìîïīóòôöõōøœúùûüūýÿаеёиоуыэюяіїєαεηιουωάέήίόύώ";

/// How long a word takes, in ms, and the pause its punctuation makes where another follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpeakingTime {
    /// The word itself.
    pub sound_ms: u32,
    /// The pause after it.
    pub pause_ms: u32,
}

/// How long a word takes to say, at an ordinary pace.
///
/// ```
/// use voice_core::text::speaking_time;
/// assert!(speaking_time("2025").sound_ms > speaking_time("and").sound_ms);
/// assert_eq!(speaking_time("well,").pause_ms, 200);
/// ```
pub fn speaking_time(word: &str) -> SpeakingTime {
    let sound_ms = if is_spelled(word) {
        SPELLED_MS.saturating_mul(word.chars().filter(|c| c.is_alphabetic()).count() as u32)
    } else {
        sound_ms(word)
    };
    // A full stop within a sentence is that of an abbreviation.
    let breaks = word.chars().rev().take_while(|c| !c.is_alphanumeric()).any(is_break);
    let pause_ms = if breaks { PAUSE_MS } else { 0 };
    SpeakingTime { sound_ms, pause_ms }
}

fn is_break(c: char) -> bool {
    matches!(
        c,
        ',' | ';'
            | ':'
            | '!'
            | '?'
            | '…'
            | '—'
            | '–'
            | '、'
            | '，'
            | '；'
            | '：'
            | '。'
            | '！'
            | '？'
            | '،'
            | '؛'
            | '؟'
    )
}

fn is_spelled(word: &str) -> bool {
    let letters = || word.chars().filter(|c| c.is_alphanumeric());
    (2..=LONGEST_SPELLED).contains(&letters().count()) && letters().all(char::is_uppercase)
}

/// Whether a letter is a vowel, in Latin, Cyrillic or Greek.
pub fn is_vowel(letter: char) -> bool {
    VOWELS.contains(letter.to_lowercase().next().unwrap_or(letter))
}

fn sound_ms(word: &str) -> u32 {
    let mut sound = 0u32;
    let mut syllables = 0;
    let mut after_vowel = false;
    let mut characters = word.chars().peekable();
    while let Some(c) = characters.next() {
        let ends = !characters.peek().is_some_and(|next| next.is_alphabetic());
        let is_vowel = is_vowel(c);
        let length = match c {
            // The last letter of "note" has no sound, that of "the" has.
            'e' if ends && syllables > 0 && !after_vowel => 0,
            _ if is_vowel && after_vowel => FURTHER_VOWEL_MS,
            _ if is_vowel => VOWEL_MS,
            '\u{3041}'..='\u{30FF}' | '\u{FF66}'..='\u{FF9D}' => KANA_MS,
            '\u{AC00}'..='\u{D7A3}' => HANGUL_MS,
            _ if is_ideographic(c) => IDEOGRAPH_MS,
            _ if is_south_east_asian(c) => SOUTH_EAST_ASIAN_MS,
            _ if c.is_numeric() => DIGIT_MS,
            _ if c.is_alphabetic() => CONSONANT_MS,
            '$' | '€' | '£' | '¥' | '%' | '@' | '&' | '+' | '=' | '#' | '°' => SIGN_MS,
            _ => 0,
        };
        syllables += u32::from(length == VOWEL_MS && is_vowel);
        after_vowel = is_vowel;
        sound = sound.saturating_add(length);
    }
    if sound == 0 { 0 } else { sound.saturating_add(WORD_MS) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_longer_to_say_takes_longer() {
        for words in [
            &["a", "the", "seven", "seventeen", "unfortunately"][..],
            &["1", "21", "214", "1,204.50"],
            &["not", "note", "noted"],
            &["ten", "10%"],
            &["pm", "FBI"],
            &["は", "日", "日本"],
        ] {
            let times: Vec<_> = words.iter().map(|word| speaking_time(word).sound_ms).collect();
            assert!(times.is_sorted(), "{words:?}: {times:?}");
        }
        assert_eq!(speaking_time("—"), SpeakingTime { sound_ms: 0, pause_ms: 200 });
    }

    #[test]
    fn languages_are_said_at_about_the_pace_at_which_people_read_them() {
        for (text, syllables_per_second, syllables) in [
            ("The north wind and the sun were arguing which of them was stronger", 6.2, 17.0),
            ("北风与太阳争论谁的能力大", 5.2, 12.0),
            ("きたかぜとたいよう", 7.8, 9.0),
            ("바람과 해님이 서로 힘이 더 세다고", 6.9, 13.0),
            ("ลมเหนือกับพระอาทิตย์", 4.7, 6.5),
        ] {
            let spoken: u32 = text.split(' ').map(|word| speaking_time(word).sound_ms).sum();
            let expected = syllables / syllables_per_second * 1_000.0;
            let ratio = f64::from(spoken) / expected;
            assert!((0.7..1.6).contains(&ratio), "{text}: {spoken} ms, expected {expected:.0}");
        }
    }
}
