//! ONNX Runtime and the models that need it, where they are: by their variables, or where `make models` puts them.
#![allow(dead_code, unreachable_pub, clippy::print_stdout, reason = "each user takes its part")]

use std::path::{Path, PathBuf};

/// The value of the variable, else the file that `make models` makes; `None`, with a line, where neither is.
fn find(variable: &str, file: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut downloaded = above.map(|folder| folder.join("voice-core/models/downloaded").join(file));
    let found = named.or_else(|| downloaded.find(|path| path.exists()));
    if found.is_none() {
        println!("skipped: {variable} names no file, and `make models` has not been run");
    }
    found
}

/// The library.
pub fn library() -> Option<PathBuf> {
    find("ORT_DYLIB_PATH", "libonnxruntime.so")
}

/// The model Smart Turn and the library.
pub fn smart_turn() -> Option<(PathBuf, PathBuf)> {
    find("TURN_MODEL", "smart-turn-v3.2-cpu.onnx").zip(library())
}
