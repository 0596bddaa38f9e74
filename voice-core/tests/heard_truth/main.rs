//! Random replies in many scripts, interrupted at random moments: of each, the history holds the words that were heard,
//! no more and no less.

#![allow(clippy::expect_used, clippy::unwrap_used)]

mod replies;
mod world;

use world::{Outcome, Timings, World};

/// Interruptions of an ordinary run. `BARGE_INS` in the environment asks for another number, `SEED` for one.
const BARGE_INS: u64 = 10_000;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

/// All of these, on two threads.
fn outcomes(seeds: std::ops::Range<u64>, timings: Timings) -> Vec<Outcome> {
    std::thread::scope(|scope| {
        let halves: Vec<_> = (0..2)
            .map(|first| {
                let seeds = seeds.clone().skip(first).step_by(2);
                scope.spawn(move || seeds.map(|seed| World::new(seed, timings).run()).collect::<Vec<_>>())
            })
            .collect();
        halves.into_iter().flat_map(|half| half.join().expect("see above")).collect()
    })
}

#[test]
fn with_timings_no_word_is_made_up_and_none_is_lost() {
    let seeds = setting("SEED").map_or(0..setting("BARGE_INS").unwrap_or(BARGE_INS), |seed| seed..seed + 1);
    let outcomes = outcomes(seeds.clone(), Timings::Told);
    for outcome in &outcomes {
        assert!(outcome.phantoms == 0 && outcome.lost == 0, "{outcome}");
    }
    if seeds.end - seeds.start < 1_000 {
        return;
    }
    // A world in which nothing happens would prove nothing.
    let count = |what: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| what(outcome)).count();
    for (what, times) in [
        ("stopped in the middle", count(|outcome| outcome.heard > 0 && outcome.heard < outcome.words)),
        ("nothing heard", count(|outcome| outcome.heard == 0)),
        ("stopped in a word", count(|outcome| outcome.within_word)),
        ("the listener reports", count(|outcome| outcome.reports)),
        ("a clock counts", count(|outcome| !outcome.reports)),
        ("still being synthesised", count(|outcome| outcome.unfinished)),
        ("timings after their audio", count(|outcome| outcome.late)),
    ] {
        assert!(times > outcomes.len() / 100, "{what}: only {times} times");
    }
}

#[test]
fn words_without_timings_are_the_only_ones_in_doubt() {
    let outcomes = outcomes(0..setting("BARGE_INS").unwrap_or(BARGE_INS) / 4, Timings::ToldInPart);
    for outcome in &outcomes {
        assert!(outcome.phantoms + outcome.lost <= outcome.in_doubt, "{outcome}");
    }
    let exact = outcomes.iter().filter(|outcome| outcome.phantoms + outcome.lost == 0).count();
    assert!(exact * 10 > outcomes.len() * 7, "only {exact} of {} are exact", outcomes.len());
}

/// What the other tests look for is found where it is.
#[test]
fn timings_that_are_wrong_do_not_pass() {
    for (timings, phantoms) in [(Timings::TooEarly, true), (Timings::TooLate, false)] {
        let wrong = outcomes(0..500, timings);
        let found = |what: fn(&Outcome) -> usize| wrong.iter().map(what).sum::<usize>();
        let (made_up, lost) = (found(|outcome| outcome.phantoms), found(|outcome| outcome.lost));
        assert!(if phantoms { made_up > 50 } else { lost > 50 }, "{timings:?}: {made_up} made up, {lost} lost");
    }
}
