"""Times Silero VAD here against Python's onnxruntime on the same speech, and checks the project's goals.

    cargo bench --bench silero --no-run && python benches/silero_vs_onnxruntime.py [rounds]

Needs the packages numpy and onnxruntime. Each round runs both, one after the other, so that a busy machine slows both;
a figure is the median over the rounds of the round's median chunk. Exit code 1 when a goal is missed.
"""

import json
import statistics
import subprocess
import sys
import time
import wave
from pathlib import Path

import numpy
import onnxruntime

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "voice-core" / "models" / "silero_vad_16k_op15.onnx"
SPEECH = ROOT / "voice-core" / "tests" / "fixtures" / "silero_speech.wav"
WINDOW, CONTEXT, RATE = 512, 64, 16_000
MOST_MICROSECONDS, LEAST_RATIO = 15.0, 4.5


def bench_binary():
    command = ["cargo", "bench", "-p", "voice-benches", "--bench", "silero", "--no-run", "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = [json.loads(line) for line in built.splitlines()]
    return next(m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == "silero")


def time_ours(binary):
    lines = subprocess.run([binary, "--percentiles", "3"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in lines.splitlines()]


def open_session():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(MODEL), options, providers=["CPUExecutionProvider"])


def time_onnxruntime(session, audio):
    rate = numpy.array(RATE, dtype=numpy.int64)
    state = numpy.zeros((2, 1, 128), numpy.float32)
    heard = numpy.zeros((1, CONTEXT + WINDOW), numpy.float32)
    times = []
    for _ in range(3):
        for window in audio[: len(audio) // WINDOW * WINDOW].reshape(-1, WINDOW):
            start = time.perf_counter()
            heard[0, :CONTEXT] = heard[0, -CONTEXT:]
            heard[0, CONTEXT:] = window
            _, state = session.run(None, {"input": heard, "state": state, "sr": rate})
            times.append((time.perf_counter() - start) * 1e6)
    return {"p50_us": float(numpy.percentile(times, 50)), "p99_us": float(numpy.percentile(times, 99))}


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    with wave.open(str(SPEECH)) as file:
        audio = numpy.frombuffer(file.readframes(file.getnframes()), "<i2").astype(numpy.float32) / 32768
    binary, session = bench_binary(), open_session()
    time_onnxruntime(session, audio)

    ours, theirs, ratios = {}, [], []
    for number in range(rounds):
        sets = time_ours(binary)
        runtime = time_onnxruntime(session, audio)
        for figures in sets:
            ours.setdefault(figures["instructions"], []).append(figures["p50_us"])
        theirs.append(runtime["p50_us"])
        ratios.append(runtime["p50_us"] / sets[0]["p50_us"])
        columns = "  ".join(f"{s['instructions']} {s['p50_us']:6.1f} (p99 {s['p99_us']:6.1f})" for s in sets)
        print(f"round {number + 1}: {columns}  onnxruntime {runtime['p50_us']:6.1f} (p99 {runtime['p99_us']:6.1f}) us")

    chosen, p50s = next(iter(ours.items()))
    p50, ratio = statistics.median(p50s), statistics.median(ratios)
    print(f"p50 of a chunk: {chosen} {p50:.1f} us, onnxruntime {onnxruntime.__version__} {statistics.median(theirs):.1f} us")
    print(f"ratio: median {ratio:.1f}, least {min(ratios):.1f}")
    missed = []
    if p50 > MOST_MICROSECONDS:
        missed.append(f"a chunk takes {p50:.1f} us, the goal is at most {MOST_MICROSECONDS}")
    if ratio < LEAST_RATIO:
        missed.append(f"{ratio:.1f} times as fast, the goal is at least {LEAST_RATIO}")
    print("\n".join(f"MISSED: {reason}" for reason in missed) or "goals met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
