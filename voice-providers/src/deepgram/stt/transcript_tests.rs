use super::*;

const FIRST: FinalizeId = FinalizeId { turn: TurnId(1), attempt: 0 };
const AGAIN: FinalizeId = FinalizeId { turn: TurnId(1), attempt: 1 };
const SECOND: FinalizeId = FinalizeId { turn: TurnId(2), attempt: 0 };

fn second() -> Bytes {
    Bytes::from(vec![0; 2 * RATE as usize])
}

fn span(start: f64, duration: f64, text: &str) -> Results {
    Results { start, duration, transcript: text.into(), ..Results::default() }
}

fn last(start: f64, duration: f64, text: &str) -> Results {
    Results { is_final: true, ..span(start, duration, text) }
}

fn answer(start: f64, duration: f64, text: &str) -> Results {
    Results { from_finalize: true, ..last(start, duration, text) }
}

/// Sends all there is; gives the samples and the requests among them.
fn send(transcript: &mut Transcript) -> (u64, usize) {
    let mut sent = (0, 0);
    while let Some(outgoing) = transcript.next_to_send() {
        match outgoing {
            Outgoing::Audio(pcm) => sent.0 += pcm.len() as u64 / 2,
            Outgoing::Finalize => sent.1 += 1,
        }
    }
    sent
}

fn events(transcript: &mut Transcript) -> Vec<(u32, String)> {
    std::iter::from_fn(|| transcript.event())
        .map(|event| match event {
            SttEvent::Partial { text, .. } => (99, text),
            SttEvent::Final { id, text, .. } => (id.attempt, text),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn partial(text: &str) -> (u32, String) {
    (99, text.into())
}

fn of(attempt: u32, text: &str) -> (u32, String) {
    (attempt, text.into())
}

#[test]
fn a_backlog_and_the_live_words_after_it_are_one_transcript() {
    let placed = |start: f64, end: f64, text: &str| Word { start, end, text: text.into() };
    let mut transcript = Transcript::default();
    for _ in 0..3 {
        transcript.audio(TurnId(1), second());
    }
    transcript.finalize(FIRST);
    assert_eq!(transcript.split_off_backlog(RATE).len() as u64, 2 * 3 * RATE);
    transcript.audio(TurnId(1), second());
    transcript.finalize(AGAIN);
    assert_eq!(send(&mut transcript), (2 * RATE, 2), "the last second of it again");
    // This connection's second 0 is the session's second 2.
    let live =
        Results { words: vec![placed(0.0, 0.1, "orn"), placed(0.5, 0.9, "three")], ..answer(0.0, 1.0, "orn three") };
    transcript.heard(live);
    assert!(events(&mut transcript).is_empty(), "what comes before is not known");
    assert!(!transcript.is_heard_out());
    let backlog = vec![placed(0.2, 0.6, "one"), placed(1.7, 2.1, "torn"), placed(2.5, 2.9, "three")];
    transcript.recovered(backlog, 0);
    assert_eq!(events(&mut transcript), [partial("one torn three"), of(0, "one torn three")]);
    transcript.heard(answer(1.0, 1.0, "four"));
    assert_eq!(events(&mut transcript), [partial("one torn three four"), of(1, "one torn three four")]);
}

#[test]
fn requests_within_a_backlog_are_answered_with_the_words_before_them() {
    let mut transcript = Transcript::default();
    transcript.audio(TurnId(1), second());
    transcript.finalize(FIRST);
    for _ in 0..3 {
        transcript.audio(TurnId(1), second());
    }
    transcript.finalize(AGAIN);
    transcript.split_off_backlog(RATE);
    assert_eq!(send(&mut transcript), (RATE, 1));
    let word = |start: f64, text: &str| Word { start, end: start + 0.3, text: text.into() };
    transcript.recovered(vec![word(0.2, "one"), word(1.5, "two"), word(3.5, "three")], 0);
    assert_eq!(events(&mut transcript), [of(0, "one"), partial("one two")]);
    transcript.heard(answer(0.0, 1.0, "three"));
    assert_eq!(events(&mut transcript), [partial("one two three"), of(1, "one two three")]);
}

#[test]
fn a_final_holds_all_words_of_the_turn_across_attempts() {
    let mut transcript = Transcript::default();
    transcript.audio(TurnId(1), second());
    transcript.finalize(FIRST);
    assert_eq!(send(&mut transcript), (RATE, 1));
    transcript.heard(span(0.0, 1.0, "one"));
    transcript.heard(span(0.0, 1.0, "one"));
    transcript.heard(answer(0.0, 1.0, "one two"));
    assert_eq!(events(&mut transcript), [partial("one"), partial("one two"), of(0, "one two")]);
    transcript.audio(TurnId(1), second());
    transcript.finalize(AGAIN);
    send(&mut transcript);
    transcript.heard(answer(1.0, 1.0, "three"));
    assert_eq!(events(&mut transcript), [partial("one two three"), of(1, "one two three")]);
}

#[test]
fn out_of_patience_the_interim_counts_and_the_late_answer_is_no_other_turns() {
    let mut transcript = Transcript::default();
    transcript.audio(TurnId(1), second());
    transcript.finalize(FIRST);
    send(&mut transcript);
    transcript.heard(last(0.0, 0.5, "one"));
    transcript.heard(span(0.5, 0.5, "two"));
    transcript.out_of_patience();
    assert_eq!(events(&mut transcript), [partial("one"), partial("one two"), of(0, "one two")]);
    transcript.audio(TurnId(2), second());
    transcript.finalize(SECOND);
    send(&mut transcript);
    transcript.heard(answer(0.5, 0.5, "too late"));
    assert_eq!(events(&mut transcript), [], "neither words nor an answer");
    transcript.heard(answer(1.0, 1.0, "mine"));
    assert_eq!(events(&mut transcript), [partial("mine"), of(0, "mine")]);
}

#[test]
fn a_request_that_is_passed_over_does_not_shift_the_answers() {
    let mut transcript = Transcript::default();
    for attempt in 0..4 {
        transcript.audio(TurnId(1), second());
        transcript.finalize(FinalizeId { turn: TurnId(1), attempt });
        send(&mut transcript);
        if attempt == 1 {
            transcript.out_of_patience();
        } else {
            let start = if attempt == 2 { 1.0 } else { f64::from(attempt) };
            transcript.heard(answer(start, f64::from(attempt + 1) - start - 0.08, &attempt.to_string()));
        }
        assert_eq!(transcript.owes(), None, "{attempt}");
    }
}

#[test]
fn a_new_connection_gets_what_has_no_final_words_and_counts_from_there() {
    let mut transcript = Transcript::default();
    transcript.audio(TurnId(1), second());
    transcript.audio(TurnId(1), second());
    transcript.finalize(FIRST);
    assert_eq!(send(&mut transcript), (2 * RATE, 1));
    transcript.heard(last(0.0, 0.7, "one"));
    transcript.heard(span(0.7, 0.8, "tw"));
    transcript.reconnect();
    assert_eq!(send(&mut transcript), (2 * RATE - 11_200, 1));
    transcript.heard(answer(0.0, 1.3, "two"));
    assert_eq!(events(&mut transcript).last(), Some(&of(0, "one two")));
    transcript.reconnect();
    assert_eq!(send(&mut transcript), (0, 0));
}

#[test]
fn what_needs_no_answer_is_answered_at_once() {
    let mut transcript = Transcript::default();
    transcript.finalize(FIRST);
    assert_eq!(events(&mut transcript), [of(0, "")]);
    transcript.audio(TurnId(1), second());
    send(&mut transcript);
    transcript.heard(last(0.0, 1.0, "one"));
    transcript.finalize(AGAIN);
    assert_eq!(events(&mut transcript), [partial("one"), of(1, "one")]);
    assert!(!transcript.wants_to_send());
}

#[test]
fn a_span_across_two_turns_is_shared_out_word_by_word() {
    let mut transcript = Transcript::default();
    transcript.audio(TurnId(1), second());
    transcript.audio(TurnId(2), second());
    transcript.finalize(SECOND);
    send(&mut transcript);
    let word = |middle: f64, text: &str| Word { start: middle - 0.05, end: middle + 0.05, text: text.into() };
    let words = vec![word(0.4, "old"), word(1.2, "new"), word(1.6, "words")];
    transcript.heard(Results { words, ..answer(0.0, 2.0, "old new words") });
    assert_eq!(events(&mut transcript).last(), Some(&of(0, "new words")));
}
