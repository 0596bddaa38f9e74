//! Words that end in a full stop without ending a sentence, and what tells that one was ended after all.

/// What a full stop after an abbreviation may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Abbreviation {
    /// Never the end: something must follow (Dr., e.g.).
    Leads,
    /// Not the end where a number follows (No. 5), else an ordinary word.
    Counts,
    /// Either: the end where the next word is one that begins sentences (U.S., etc., p.m.).
    MayEnd,
}

const LEADS: &str = "\
    approx bzw ca cf d.h dr e.g eg esp evtl ggf i.e ie incl inkl mlle mme mr mrs p.ex p.ej prof resp u.a vgl viz vs \
    z.b";
/// Titles that are also words: only with a capital.
const TITLES: &str = "Capt Col Cpt Fr Ft Gen Gov Hon Hr Lt Maj Messrs Ms Mt Pres Rep Rev Sen Sgt Sra";
const COUNTS: &str = "abs art bd c ch chap eq ext fig figs kap no nos nr op p pg pp sec tel vol";
const MAY_END: &str = "\
    a.m al assn ave blvd bros co corp dept est etc ft hrs inc jr lb lbs ltd mfg min oz p.m ph.d rd sr st str univ \
    usw yr yrs";
/// Months and days that are also words: only with a capital.
const DATES: &str = "\
    Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Okt Nov Dec Dez Mon Tue Tues Wed Thu Thurs Fri Sat Sun";

/// Words that, with a capital, begin a sentence far more often than they follow an abbreviation inside one.
const STARTERS: [&str; 4] = [ENGLISH_STARTERS, GERMAN_STARTERS, FRENCH_STARTERS, SPANISH_STARTERS];

const ENGLISH_STARTERS: &str = "\
    a after all also although an and are as at because before both but by can could did do does finally first for \
    from great he her here his how however i if in instead is it its just let many maybe meanwhile most my next no \
    not now oh ok okay on once one our perhaps please she should since so some still sure thanks that the their then \
    there these they this those to was we well were what when where which while who why will with would yes yet you \
    your";
const GERMAN_STARTERS: &str = "aber das der die ein eine er es ich ihr sie und wenn wir";
const FRENCH_STARTERS: &str = "elle et il ils je la le les mais nous on un une vous";
const SPANISH_STARTERS: &str = "el ella los las pero un una yo";

/// What an ordinal number counts in German: "am 3. Oktober".
const AFTER_ORDINALS: &str = "\
    Januar Jänner Februar März April Mai Juni Juli August September Oktober November Dezember Jahrhundert \
    Jahrhunderts";

/// Whether `token`, the word before a full stop without that stop, is an abbreviation.
pub(super) fn abbreviation(token: &str) -> Option<Abbreviation> {
    if token.is_empty() || token.len() > 16 {
        return None;
    }
    let lower = token.to_lowercase();
    if holds(LEADS, &lower) || holds(TITLES, token) {
        Some(Abbreviation::Leads)
    } else if holds(COUNTS, &lower) {
        Some(Abbreviation::Counts)
    } else if holds(MAY_END, &lower) || holds(DATES, token) || is_acronym(token) {
        Some(Abbreviation::MayEnd)
    } else {
        None
    }
}

/// Whether a word with a capital usually begins a sentence.
pub(super) fn begins_sentences(word: &str) -> bool {
    let lower = word.to_lowercase();
    word.starts_with(char::is_uppercase) && STARTERS.iter().any(|words| holds(words, &lower))
}

/// Whether a number with a stop before the word is an ordinal.
pub(super) fn follows_ordinal(word: &str) -> bool {
    holds(AFTER_ORDINALS, word)
}

fn holds(words: &str, word: &str) -> bool {
    words.split(' ').any(|listed| listed == word)
}

/// Single letters with stops between them: U.S, J.R.R.
fn is_acronym(token: &str) -> bool {
    token.contains('.')
        && token.split('.').all(|part| {
            let mut letters = part.chars();
            letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_tell_titles_and_dates_from_words() {
        for (token, expected) in [
            ("Dr", Some(Abbreviation::Leads)),
            ("e.g", Some(Abbreviation::Leads)),
            ("Gen", Some(Abbreviation::Leads)),
            ("gen", None),
            ("No", Some(Abbreviation::Counts)),
            ("U.S", Some(Abbreviation::MayEnd)),
            ("Sun", Some(Abbreviation::MayEnd)),
            ("sun", None),
            ("v1.2", None),
            ("house", None),
        ] {
            assert_eq!(abbreviation(token), expected, "{token}");
        }
    }
}
