//! Decoding with the domain's language model: whole utterances, and utterances as they grow.

use super::config::LocalSttConfig;
use super::model::DomainModel;
use super::pocketsphinx::{Decoder, Library, POCKETSPHINX};
use std::path::PathBuf;
use std::sync::Arc;
use voice_core::Result;

/// Samples a second of everything PocketSphinx hears.
pub(super) const SAMPLE_RATE: usize = 16_000;
/// Samples of the decoder's frames, over which its score is averaged.
const FRAME: usize = SAMPLE_RATE / 100;
/// Below this there cannot be a word: 100 ms.
const SHORTEST: usize = SAMPLE_RATE / 10;

/// Options for whole utterances: the second of the decoder's passes drops fewer candidates (by default `1e-64` and
/// `7e-29`), or it loses short words at the very beginning, such as the first of "who are you". Costs 3 ms for a second of audio.
const WHOLE: [(&str, &str); 2] = [("fwdflatbeam", "1e-80"), ("fwdflatwbeam", "1e-40")];

/// What was recognised in a whole utterance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Recognised {
    /// The words; empty where there were none or they are not trusted.
    pub(super) text: String,
    /// Something was said that the language model does not know.
    pub(super) unclear: bool,
}

/// Makes decoders for one set of sentences.
pub(super) struct Recogniser {
    library: Arc<Library>,
    acoustic_model: String,
    model: DomainModel,
    rejection_threshold: i32,
}

impl Recogniser {
    pub(super) fn load<'a>(
        config: &LocalSttConfig,
        sentences: impl IntoIterator<Item = (&'a str, f64)>,
    ) -> Result<Self> {
        let library = Arc::new(Library::open(&config.libraries)?);
        let acoustic_model = first_existing(&config.acoustic_models, "mdef", "the acoustic model")?;
        let dictionary = first_existing(&config.dictionaries, "", "the dictionary")?;
        Ok(Self {
            library,
            acoustic_model: acoustic_model.to_string_lossy().into_owned(),
            model: DomainModel::create(sentences, &dictionary)?,
            rejection_threshold: config.rejection_threshold,
        })
    }

    fn decoder(&self, more: &[(&str, &str)]) -> Result<Decoder> {
        let mut options = vec![
            ("hmm", self.acoustic_model.as_str()),
            ("lm", &self.model.language_model),
            ("dict", &self.model.dictionary),
            // Both estimate the noise across utterances, which makes a result depend on what was heard before it.
            ("remove_noise", "no"),
            ("remove_silence", "no"),
        ];
        options.extend(more);
        Decoder::new(&self.library, &options)
    }

    /// A decoder for whole utterances.
    pub(super) fn whole(&self) -> Result<WholeDecoder> {
        Ok(WholeDecoder { decoder: self.decoder(&WHOLE)?, rejection_threshold: self.rejection_threshold })
    }

    /// A decoder for one utterance as it grows.
    pub(super) fn live(&self) -> Result<LiveDecoder> {
        let mut decoder = self.decoder(&[("fwdflat", "no"), ("bestpath", "no")])?;
        decoder.start()?;
        Ok(LiveDecoder { decoder })
    }
}

/// Decodes whole utterances, one after the other.
pub(super) struct WholeDecoder {
    decoder: Decoder,
    rejection_threshold: i32,
}

impl WholeDecoder {
    /// Recognises one utterance. Cepstral means are taken over all of it, so its loudness and channel do not matter.
    pub(super) fn recognise(&mut self, samples: &[i16]) -> Result<Recognised> {
        if samples.len() < SHORTEST || is_silent(samples) {
            return Ok(Recognised::default());
        }
        self.decoder.start()?;
        let processed = self.decoder.process(samples, true);
        self.decoder.end()?;
        processed?;
        let (text, score) = self.decoder.hypothesis();
        if text.is_empty() {
            return Ok(Recognised::default());
        }
        let score = f64::from(score) / (samples.len() as f64 / FRAME as f64);
        tracing::debug!(score, "decoded");
        if score < f64::from(self.rejection_threshold) {
            return Ok(Recognised { text: String::new(), unclear: true });
        }
        Ok(Recognised { text, unclear: false })
    }
}

/// Decodes one utterance while it is spoken.
pub(super) struct LiveDecoder {
    decoder: Decoder,
}

impl LiveDecoder {
    /// Hears more and gives the best words so far.
    pub(super) fn hear(&mut self, samples: &[i16]) -> Result<String> {
        self.decoder.process(samples, false)?;
        Ok(self.decoder.hypothesis().0)
    }
}

/// Whether there is no sound at all: digital silence, or a last bit that flickers.
fn is_silent(samples: &[i16]) -> bool {
    samples.iter().all(|sample| sample.unsigned_abs() < 8)
}

fn first_existing(paths: &[PathBuf], inside: &str, what: &str) -> Result<PathBuf> {
    paths.iter().find(|path| path.join(inside).exists() || (inside.is_empty() && path.is_file())).cloned().ok_or_else(
        || {
            let names = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
            POCKETSPHINX.missing(&format!("{what} is in none of {names}"))
        },
    )
}
