//! The byte order of samples: little-endian out there, native in here.

use bytes::Bytes;

/// Turns native samples into little-endian ones, and those back again.
pub(crate) fn little_endian(pcm: Bytes) -> Bytes {
    if cfg!(target_endian = "little") {
        return pcm;
    }
    pcm.chunks_exact(2).flat_map(|sample| [sample[1], sample[0]]).collect::<Vec<_>>().into()
}
