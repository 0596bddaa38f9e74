//! Settings of the local recogniser.

use serde::Deserialize;
use std::path::PathBuf;

/// Settings of the local recogniser. The defaults fit Debian's packages.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LocalSttConfig {
    /// Names or paths of the PocketSphinx library; the first that can be loaded is used.
    pub libraries: Vec<String>,
    /// Directories that may hold the US English acoustic model; the first that exists is used.
    pub acoustic_models: Vec<PathBuf>,
    /// Dictionaries that may hold the words' pronunciations; the first that exists is used.
    pub dictionaries: Vec<PathBuf>,
    /// Threads that decode for all sessions; `None` for one per core.
    pub threads: Option<usize>,
    /// Whether transcripts appear while the user speaks. Finals do not depend on it.
    pub partials: bool,
    /// Below this, a transcript counts as not understood: how well the words explain the audio, in logarithms to the base
    /// 1.1 per 10 ms, where 0 is as well as any sounds could. Of 1,176 sentences of the domain by four synthetic voices,
    /// padded as the ears do it, all lie above −39 (median −20), and so do 7 of 137 pieces of other speech (median −49).
    pub rejection_threshold: i32,
}

impl Default for LocalSttConfig {
    fn default() -> Self {
        let models = ["/usr/share/pocketsphinx/model", "/usr/local/share/pocketsphinx/model"];
        let brew = ["/opt/homebrew/share/pocketsphinx/model"];
        let folders = || models.iter().chain(&brew).map(|model| PathBuf::from(model).join("en-us"));
        let libraries = ["libpocketsphinx.so.5", "libpocketsphinx.so.3", "libpocketsphinx.so", "libpocketsphinx.dylib"];
        Self {
            libraries: libraries.map(str::to_owned).to_vec(),
            acoustic_models: folders().map(|folder| folder.join("en-us")).collect(),
            dictionaries: folders().map(|folder| folder.join("cmudict-en-us.dict")).collect(),
            threads: None,
            partials: true,
            rejection_threshold: -39,
        }
    }
}
