//! The recogniser's language model and dictionary, made at start in a temporary directory of its own.

use super::arpa::Model;
use super::pocketsphinx::POCKETSPHINX;
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use voice_core::{Error, ErrorKind, Result, Stage};

/// Files made from the sentences of a domain; removed on drop.
#[derive(Debug)]
pub(super) struct DomainModel {
    directory: PathBuf,
    pub(super) language_model: String,
    pub(super) dictionary: String,
}

impl DomainModel {
    /// Writes the model of `sentences`, each with its weight, with pronunciations out of the big `dictionary`.
    ///
    /// # Errors
    /// `EngineMissing` without the dictionary, `InvalidInput` for words it does not know, `Unavailable` when the
    /// temporary directory cannot be written.
    pub(super) fn create<'a>(sentences: impl IntoIterator<Item = (&'a str, f64)>, dictionary: &Path) -> Result<Self> {
        let model = Model::new(sentences);
        let pronunciations = pronunciations(&model.words().collect(), dictionary)?;
        let directory = create_directory().map_err(unwritable)?;
        let path = |name: &str| directory.join(name).to_string_lossy().into_owned();
        let created =
            Self { language_model: path("domain.lm"), dictionary: path("domain.dict"), directory: directory.clone() };
        fs::write(&created.language_model, model.to_arpa()).map_err(unwritable)?;
        fs::write(&created.dictionary, pronunciations).map_err(unwritable)?;
        Ok(created)
    }
}

impl Drop for DomainModel {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.directory) {
            tracing::warn!(directory = %self.directory.display(), %error, "temporary directory left behind");
        }
    }
}

/// The lines of the big dictionary for `words`, variants such as `a(2)` included.
fn pronunciations(words: &BTreeSet<&str>, dictionary: &Path) -> Result<String> {
    let unreadable = |error: io::Error| {
        POCKETSPHINX.missing(&format!("the dictionary {} cannot be read", dictionary.display())).with_source(error)
    };
    let mut missing = words.clone();
    let mut found = String::new();
    for line in BufReader::new(File::open(dictionary).map_err(unreadable)?).lines() {
        let line = line.map_err(unreadable)?;
        let head = line.split_whitespace().next().unwrap_or_default();
        let word = head.split('(').next().unwrap_or_default();
        if words.contains(word) {
            missing.remove(word);
            found.push_str(&line);
            found.push('\n');
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let missing = missing.into_iter().collect::<Vec<_>>().join(", ");
    let message = format!("words of the sentences that the dictionary does not know: {missing}");
    Err(Error::new(ErrorKind::InvalidInput, Stage::Stt, message))
}

/// A new directory that only this user can enter. Creating fails, and the next name is tried, where one exists.
fn create_directory() -> io::Result<PathBuf> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    loop {
        let name = format!("voice-agent-stt-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return result.map(|()| path),
        }
    }
}

fn unwritable(error: io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, Stage::Stt, "the temporary directory of the language model cannot be written")
        .with_source(error)
}
