//! Words that say "I am listening", and words that say "be quiet", by language.
//!
//! Collected by hand from what people say on the telephone. A phrase is written as [`words`](super::wording::words)
//! gives it: small letters, no punctuation, one blank between words. A letter that is drawn out counts once, so `hm`
//! stands for "hmmm" as well.

/// The words of one language.
pub(super) struct WordList {
    /// As in a language setting, without its region.
    pub(super) language: &'static str,
    /// Said by a listener who wants the speaker to go on.
    pub(super) back_channels: &'static [&'static str],
    /// Said to somebody who is to stop speaking.
    pub(super) stops: &'static [&'static str],
    /// Said before a stop, without a meaning of their own.
    pub(super) lead_ins: &'static [&'static str],
}

/// Sounds and words of every language.
pub(super) const COMMON: WordList = WordList {
    language: "",
    back_channels: &["mhm", "mm hm", "mm", "m hm", "hm", "uh huh", "aha", "ah", "oh", "uh", "um", "ok", "okay"],
    stops: &["stop"],
    lead_ins: &["hey"],
};

/// The languages with a list of their own.
pub(super) const LISTS: [WordList; 4] = [
    WordList {
        language: "en",
        back_channels: &[
            "yeah", "yes", "yep", "yup", "ya", "right", "all right", "alright", "sure", "i see", "got it", "exactly",
            "absolutely", "of course", "great", "good", "cool", "nice", "wow", "really", "makes sense", "that makes sense",
            "fair enough", "true", "go on", "huh", "er",
        ],
        stops: &[
            "wait", "hold on", "hang on", "be quiet", "quiet", "shut up", "enough", "that's enough", "one moment",
            "one second", "a moment", "a second", "a minute", "pause", "hush", "silence",
        ],
        lead_ins: &["please", "no", "just", "can", "could", "would", "you", "now", "well", "but", "sorry", "oh"],
    },
    WordList {
        language: "de",
        back_channels: &[
            "ja", "jo", "jawohl", "genau", "gut", "sehr gut", "klar", "alles klar", "na klar", "stimmt", "richtig",
            "verstehe", "ich verstehe", "verstanden", "ach so", "ach", "so", "aha", "schön", "super", "prima", "eben", "äh", "ähm",
        ],
        stops: &[
            "stopp", "halt", "warte", "warten", "moment", "einen moment", "augenblick", "einen augenblick", "sei still",
            "sei ruhig", "seien sie still", "seien sie ruhig", "ruhe", "still", "genug", "das reicht", "hör auf",
            "hören sie auf", "aufhören", "schluss", "pause",
        ],
        lead_ins: &["bitte", "nein", "mal", "doch", "jetzt", "nun", "aber", "entschuldigung"],
    },
    WordList {
        language: "fr",
        back_channels: &[
            "oui", "ouais", "d'accord", "bien", "très bien", "bien sûr", "je vois", "voilà", "exactement", "c'est ça", "tout à fait",
            "entendu", "compris", "super", "parfait", "ah bon", "euh", "hum",
        ],
        stops: &[
            "arrête", "arrêtez", "attends", "attendez", "un instant", "un moment", "une seconde", "une minute", "tais toi",
            "taisez vous", "silence", "chut", "ça suffit", "pause",
        ],
        lead_ins: &["non", "mais", "s'il", "te", "vous", "plaît", "pardon"],
    },
    WordList {
        language: "es",
        back_channels: &[
            "sí", "si", "ajá", "vale", "claro", "claro que sí", "ya", "bueno", "bien", "muy bien", "de acuerdo", "entiendo",
            "entendido", "exacto", "eso", "perfecto", "eh",
        ],
        // "Para" alone is "for" as well.
        stops: &[
            "para ya", "para por favor", "pare", "espera", "espere", "esperen", "un momento", "un segundo", "un minuto", "alto",
            "basta", "cállate", "cállese", "silencio", "detente", "deténgase", "pausa",
        ],
        lead_ins: &["no", "por", "favor", "oye", "oiga", "pero", "perdón"],
    },
];
