//! Shared libraries found by name at run time.

#![allow(unsafe_code)]

use libloading::os::unix;
use voice_core::{Error, ErrorKind, Result, Stage};

/// What an engine needs of a library, and what to tell a user who lacks it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) engine: &'static str,
    pub(super) stage: Stage,
    /// Debian packages that bring it.
    pub(super) packages: &'static str,
}

impl Wanted {
    /// The error for something that is not installed.
    pub(super) fn missing(&self, what: &str) -> Error {
        let message = format!("{}: {what}; install it with: apt-get install {}", self.engine, self.packages);
        Error::new(ErrorKind::EngineMissing, self.stage, message)
    }

    /// Opens the first of `names` there is. Its symbols become visible to libraries opened later.
    pub(super) fn open(&self, names: &[String]) -> Result<unix::Library> {
        let mut cause = None;
        for name in names {
            // SAFETY: the names are those of PocketSphinx' and flite's libraries (or an operator's replacements for
            // them), whose initialisers only set up their own data.
            match unsafe { unix::Library::open(Some(name), unix::RTLD_NOW | unix::RTLD_GLOBAL) } {
                Ok(library) => return Ok(library),
                Err(error) => cause = cause.or(Some(error)),
            }
        }
        let error = self.missing(&format!("none of the libraries {} can be loaded", names.join(", ")));
        Err(match cause {
            Some(cause) => error.with_source(cause),
            None => error,
        })
    }

    /// The function `name` of `library`.
    ///
    /// # Safety
    /// `F` must be the function's true C type.
    pub(super) unsafe fn symbol<F: Copy>(&self, library: &unix::Library, name: &str) -> Result<F> {
        // SAFETY: promised by the caller.
        match unsafe { library.get::<F>(name.as_bytes()) } {
            Ok(symbol) => Ok(*symbol),
            Err(error) => Err(self.missing(&format!("the library found lacks the function {name}")).with_source(error)),
        }
    }
}
