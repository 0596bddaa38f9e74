//! Puts the page into the binary: a table of every file in `page/` with its media type and an entity tag.

use std::collections::hash_map::DefaultHasher;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::hash::Hasher;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let page = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("page");
    println!("cargo::rerun-if-changed={}", page.display());
    let mut files = Vec::new();
    collect(&page, &mut files)?;
    files.sort();
    let mut table = String::from("&[\n");
    for file in &files {
        let path = file.strip_prefix(&page)?.to_string_lossy().replace('\\', "/");
        let Some(media_type) = media_type(file) else { continue };
        let mut hasher = DefaultHasher::new();
        hasher.write(&fs::read(file)?);
        let tag = hasher.finish();
        writeln!(
            table,
            "File {{ path: {path:?}, media_type: {media_type:?}, tag: \"\\\"{tag:016x}\\\"\", body: include_bytes!({file:?}) }},"
        )?;
    }
    table.push(']');
    fs::write(PathBuf::from(std::env::var("OUT_DIR")?).join("page_files.rs"), table)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

/// `None` for what is no part of a page, such as notes and editors' backups.
fn media_type(file: &Path) -> Option<&'static str> {
    Some(match file.extension()?.to_str()? {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" => "application/json",
        "woff2" => "font/woff2",
        "wav" => "audio/wav",
        "webmanifest" => "application/manifest+json",
        _ => return None,
    })
}
