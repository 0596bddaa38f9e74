//! Providers by specification: what is made, and what is said when it cannot be.
#![allow(missing_docs)]

use voice_core::ErrorKind;
use voice_providers::catalog::{Catalog, report};

fn catalog() -> Catalog<'static> {
    Catalog::new(|name: &str| (name == "DEEPGRAM_API_KEY" || name == "GROQ_API_KEY").then(|| "a key".to_owned()))
}

#[test]
fn a_provider_is_its_name_with_its_own_settings_beside_it() {
    let catalog = catalog();
    let name = |specification: &str| catalog.stt(specification).expect("it is made").name().to_owned();
    assert_eq!(
        name(r#"{"provider":"deepgram","model":"nova-2","finalize_timeout_ms":800,"keyterms":["Oslo"]}"#),
        "deepgram"
    );
    assert_eq!(name(r#""groq""#), "groq");
    let voice = r#"{"provider":"deepgram","transport":"rest","sample_rate":16000,"base_url":"http://localhost:1"}"#;
    assert_eq!(catalog.tts(voice).expect("it is made").sample_rate(), 16_000);
    assert_eq!(catalog.llm(r#""groq:some/model""#).expect("it is made").name(), "groq");
}

#[test]
fn a_list_is_providers_of_which_the_next_takes_over() {
    let catalog = catalog();
    let stt = catalog.stt(r#"["deepgram",{"provider":"groq","model":"whisper-large-v3"}]"#).expect("they are made");
    assert_eq!(stt.name(), "deepgram,groq");
    let several = r#"{"provider":"fallback","of":["groq","local"],"first_token_ms":1500}"#;
    assert_eq!(catalog.llm(several).expect("they are made").name(), "groq,local");
}

#[test]
fn a_key_comes_from_the_environment_where_none_is_given() {
    let error = catalog().tts(r#""cartesia""#).err().expect("there is no key");
    assert_eq!(*error.kind(), ErrorKind::Auth, "{error}");
    assert!(catalog().tts(r#"{"provider":"cartesia","key":"another"}"#).is_ok());
}

#[test]
fn what_is_wrong_is_named() {
    for (specification, told) in [
        (r#""whisper""#, "\"whisper\" is no provider of stt; there are deepgram"),
        (r#"{"model":"nova-3"}"#, "`provider` is missing"),
        (r#"{"provider":"deepgram","modle":"nova-3"}"#, "deepgram: unknown field `modle`"),
        (r#"{"provider":"deepgram","eot_threshold":"high"}"#, "deepgram: `eot_threshold`: invalid type"),
        (r#"{"provider":"deepgram","stall_timeout_ms":-1}"#, "deepgram: `stall_timeout_ms`: -1 is no time in ms"),
        (r#"{"provider":"deepgram","base_url":"nowhere"}"#, "`base_url`: "),
        ("3", "a provider is its name"),
    ] {
        let error = catalog().stt(specification).err().expect("it is wrong");
        assert_eq!(*error.kind(), ErrorKind::InvalidConfig, "{specification}: {error}");
        assert!(error.message().contains(told), "{specification}: {error}");
    }
}

#[test]
fn the_report_tells_what_is_built_in() {
    assert_eq!(report()["tts"][0], "cartesia");
}
