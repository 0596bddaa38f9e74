//! What single characters mean to someone who reads aloud.

/// Ends a sentence where white space follows.
pub(super) fn is_stop(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…')
}

/// Ends a sentence whatever follows: East Asian, Devanagari, Arabic, Urdu, Armenian, Ethiopic and Burmese full stops
/// and question marks, and the East Asian semicolon.
pub(super) fn is_hard_stop(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '；' | '｡' | '।' | '॥' | '؟' | '۔' | '։' | '።' | '။')
}

/// Ends a clause where white space follows.
pub(super) fn is_clause_mark(c: char) -> bool {
    matches!(c, ',' | ';' | ':' | '–' | '،' | '؛') || is_hard_clause_mark(c)
}

/// Ends a clause whatever follows.
pub(super) fn is_hard_clause_mark(c: char) -> bool {
    matches!(c, '，' | '、' | '：' | '､' | '—')
}

/// Closes what a sentence stands in: quotes, brackets, emphasis. A straight quote counts as closing after a stop.
pub(super) fn is_closer(c: char) -> bool {
    matches!(
        c,
        '"' | '\''
            | '”'
            | '’'
            | '»'
            | '«'
            | '“'
            | '›'
            | ')'
            | ']'
            | '}'
            | '*'
            | '_'
            | '~'
            | '`'
            | '」'
            | '』'
            | '）'
            | '】'
            | '》'
            | '〉'
            | '〕'
    )
}

/// Opens a quotation or a bracket.
pub(super) fn is_opener(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '“' | '„' | '‘' | '‚' | '«' | '‹' | '»' | '(' | '[' | '{' | '¿' | '¡' | '*' | '_' | '~' | '`'
    )
}

/// Belongs to a script that writes words without spaces between them, so that a line may break after it.
pub(super) fn is_ideographic(c: char) -> bool {
    matches!(c, '\u{2E80}'..='\u{2FDF}' | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF66}'..='\u{FF9D}' | '\u{20000}'..='\u{3134F}')
}

/// How long the character takes to say, a Latin letter being 1. An ideograph or a Hangul syllable stands for about
/// three letters: Mandarin is read at about 5 syllables a second, English at about 15 letters.
pub(super) fn speaking_weight(c: char) -> usize {
    if is_ideographic(c) || matches!(c, '\u{AC00}'..='\u{D7A3}') { 3 } else { 1 }
}

/// Pictures and ornaments that nobody reads aloud: emoji, dingbats, arrows, geometric shapes.
pub(super) fn is_picture(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{21FF}' | '\u{231A}'..='\u{231B}' | '\u{23E9}'..='\u{23FF}' | '\u{25A0}'..='\u{27BF}'
        | '\u{2B00}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}' | '\u{2022}')
        || is_picture_part(c)
}

/// Invisible parts of an emoji: variation selectors, the keycap frame, tags.
pub(super) fn is_picture_part(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{20E3}' | '\u{E0020}'..='\u{E007F}')
}

/// Takes no room and makes no sound: zero-width spaces and marks of direction, byte order marks, control characters.
pub(super) fn is_silent(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{AD}')
        || (c.is_control() && !c.is_whitespace())
}
