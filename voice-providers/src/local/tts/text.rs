//! Text as flite can speak it: plain ASCII words in pieces of bounded length.

/// The longest text spoken in one go, in bytes: about 20 s of speech.
const LONGEST_PIECE: usize = 300;
/// The longest word; what is longer is cut.
const LONGEST_WORD: usize = 60;

/// A word as it stands in the text, and how many words flite gets for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SpokenWord {
    pub(super) text: String,
    pub(super) tokens: usize,
}

/// A part of a sentence that is spoken in one go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Piece {
    /// What flite gets.
    pub(super) spoken: String,
    /// The words it stands for.
    pub(super) words: Vec<SpokenWord>,
}

/// Cuts a sentence into pieces, none of them without a sound.
pub(super) fn pieces(sentence: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut piece = Piece::default();
    for word in sentence.split_whitespace() {
        let spoken = speakable(word);
        let length: usize = spoken.iter().map(|token| token.len() + 1).sum();
        if !piece.spoken.is_empty() && piece.spoken.len() + length > LONGEST_PIECE {
            pieces.push(std::mem::take(&mut piece));
        }
        for token in &spoken {
            if !piece.spoken.is_empty() {
                piece.spoken.push(' ');
            }
            piece.spoken.push_str(token);
        }
        piece.words.push(SpokenWord { text: word.to_owned(), tokens: spoken.len() });
    }
    if !piece.spoken.is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// The tokens to speak for one word: none for mere punctuation.
fn speakable(word: &str) -> Vec<String> {
    let mut text = String::with_capacity(word.len());
    for character in word.chars() {
        push_speakable(&mut text, character);
    }
    text.split_whitespace()
        .filter(|token| token.contains(|character: char| character.is_ascii_alphanumeric()))
        .flat_map(|token| token.as_bytes().chunks(LONGEST_WORD))
        .map(|token| String::from_utf8_lossy(token).into_owned())
        .collect()
}

fn push_speakable(text: &mut String, character: char) {
    match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | ',' | '?' | '!' | '\'' | ':' | ';' | '$' => text.push(character),
        '’' | '‘' => text.push('\''),
        '-' | '‐' | '–' | '—' | '/' | '_' | '(' | ')' | '…' => text.push(' '),
        '&' => text.push_str(" and "),
        '%' => text.push_str(" percent "),
        '+' => text.push_str(" plus "),
        '=' => text.push_str(" equals "),
        '×' => text.push_str(" times "),
        '÷' => text.push_str(" divided by "),
        '@' => text.push_str(" at "),
        '#' => text.push_str(" number "),
        '°' => text.push_str(" degrees "),
        '€' => text.push_str(" euros "),
        '£' => text.push_str(" pounds "),
        'à'..='å' | 'æ' => text.push('a'),
        'À'..='Å' | 'Æ' => text.push('A'),
        'ç' => text.push('c'),
        'è'..='ë' => text.push('e'),
        'È'..='Ë' => text.push('E'),
        'ì'..='ï' => text.push('i'),
        'ñ' => text.push('n'),
        'ò'..='ö' | 'ø' => text.push('o'),
        'Ò'..='Ö' | 'Ø' => text.push('O'),
        'ù'..='ü' => text.push('u'),
        'Ù'..='Ü' => text.push('U'),
        'ß' => text.push_str("ss"),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(sentence: &str) -> Vec<String> {
        pieces(sentence).into_iter().map(|piece| piece.spoken).collect()
    }

    #[test]
    fn signs_become_words_and_unspeakable_characters_go() {
        assert_eq!(spoken("“Café”—5% off, isn’t it?"), ["Cafe 5 percent off, isn't it?"]);
        assert_eq!(spoken("😀 *hi*\u{0} \t there"), ["hi there"]);
    }

    #[test]
    fn a_text_without_words_has_no_pieces() {
        assert_eq!(spoken(""), Vec::<String>::new());
        assert_eq!(spoken(" … — 你好 !?"), Vec::<String>::new());
    }

    #[test]
    fn every_word_of_the_text_is_accounted_for() {
        let pieces = pieces("A — well-known 5% case.");
        let words: Vec<_> = pieces[0].words.iter().map(|word| (word.text.as_str(), word.tokens)).collect();
        assert_eq!(words, [("A", 1), ("—", 0), ("well-known", 2), ("5%", 2), ("case.", 1)]);
    }

    #[test]
    fn long_texts_are_cut_between_words_and_endless_words_anywhere() {
        let pieces = spoken(&"banana ".repeat(200));
        assert!(pieces.len() > 1 && pieces.iter().all(|piece| piece.len() <= LONGEST_PIECE));
        assert_eq!(pieces.join(" "), vec!["banana"; 200].join(" "));
        assert!(
            spoken(&"x".repeat(5000)).iter().flat_map(|piece| piece.split(' ')).all(|word| word.len() <= LONGEST_WORD)
        );
    }
}
