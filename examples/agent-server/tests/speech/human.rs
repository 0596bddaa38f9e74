//! People's voices: the recordings that come with alsa-utils and pocketsphinx-testdata, as far as the demo knows their
//! words.

use crate::caller::Caller;
use crate::loudspeaker::Listening;
use crate::stage::{from_bytes, server};
use std::path::Path;

const RECORDINGS: [(&str, usize, &str); 9] = [
    ("/usr/share/sounds/alsa/Front_Center.wav", 48_000, "front center"),
    ("/usr/share/sounds/alsa/Front_Left.wav", 48_000, "front left"),
    ("/usr/share/sounds/alsa/Front_Right.wav", 48_000, "front right"),
    ("/usr/share/sounds/alsa/Rear_Center.wav", 48_000, "rear center"),
    ("/usr/share/sounds/alsa/Rear_Left.wav", 48_000, "rear left"),
    ("/usr/share/sounds/alsa/Rear_Right.wav", 48_000, "rear right"),
    ("/usr/share/sounds/alsa/Side_Left.wav", 48_000, "side left"),
    ("/usr/share/sounds/alsa/Side_Right.wav", 48_000, "side right"),
    ("/usr/share/pocketsphinx/test/data/goforward.raw", 16_000, "go forward ten meters"),
];

/// The samples of a mono PCM16 file, WAV or raw.
fn samples(path: &Path) -> Option<Vec<i16>> {
    let Ok(bytes) = std::fs::read(path) else {
        println!("SKIPPED: there is no {}", path.display());
        return None;
    };
    let begin = match bytes.strip_prefix(b"RIFF") {
        Some(_) => bytes.windows(4).position(|window| window == b"data").expect("a WAV file holds data") + 8,
        None => 0,
    };
    Some(from_bytes(&bytes[begin..]).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_understood_at_the_rate_of_their_microphone() {
    let Some(server) = server().await else { return };
    let server = &server;
    let calls = RECORDINGS.into_iter().filter_map(|(path, rate, said)| Some((samples(Path::new(path))?, rate, said)));
    let calls = calls.map(|(samples, rate, said)| async move {
        let mut caller = Caller::with_microphone(server, Listening::AtOnce, rate, rate / 50).await;
        caller.say(&vec![0; rate / 2]);
        caller.say(&samples);
        caller.reply_end(1).await;
        let recording = caller.hang_up().await;
        let right = recording.turns[&1].finals == [said];
        (!right).then(|| format!("{said:?}: {recording:?}"))
    });
    let wrong: Vec<String> = futures::future::join_all(calls).await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
