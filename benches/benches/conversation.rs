//! How many facts the conversation machine takes a second: whole turns, every third of them interrupted.
#![allow(missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use voice_benches::play;

fn inputs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("conversation");
    group.throughput(Throughput::Elements(play(100)));
    group.bench_function("inputs", |bencher| bencher.iter(|| play(black_box(100))));
    group.finish();
}

criterion_group!(benches, inputs);
criterion_main!(benches);
