//! The scripted conversations.
#![cfg(feature = "testing")]
#![allow(clippy::expect_used, missing_docs)]

use voice_core::testing::scripted::{Hosts, run};

#[test]
fn try_one() {
    let script = r#"{"name":"a spoken turn","foreign":["llm","tts"],
      "stt":{"final_ms":101,"turns":[{"finals":["Good morning."]},{"finals":["What else?"]}]},
      "llm":{"first_ms":203,"piece_ms":21,"says":{"answers":[{"says":"You |said |{user} |Is |that |all? |I |think |so."}]}},
      "tts":{"first_ms":53,"piece_ms":2,"says":{"timed":true}},
      "acts":[{"at_ms":500,"do":"speech","for_ms":600},{"at_ms":3500,"do":"speech","for_ms":600},{"at_ms":5500,"do":"text","text":"Hello?"}],
      "until_ms":9000}"#;
    let fake = run(script, &Hosts::default()).expect("it runs");
    println!("{}", fake.join("\n"));
    for _ in 0..20 {
        let hosts = Hosts::on_a_thread(script).expect("a thread");
        assert_eq!(run(script, &hosts).expect("it runs"), fake);
    }
}
