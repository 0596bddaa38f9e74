"""Times Silero from Python against Python's onnxruntime on the same speech: `voice_agent.SileroVad`, a window a call.

    python benches/silero_from_python.py [rounds]

Needs the wheel (a release build) and the packages numpy and onnxruntime. Each round runs both, one after the other. Exit
code 1 when the goal is missed.
"""

import statistics
import sys
import time
import wave

import numpy
import onnxruntime
from silero_vs_onnxruntime import SPEECH, WINDOW, open_session, time_onnxruntime
from voice_agent import SileroVad

LEAST_RATIO = 3.0


def time_ours(audio):
    """The median window of arrays in and a number out, in µs."""
    vad, times = SileroVad(), []
    for _ in range(3):
        for window in audio[: len(audio) // WINDOW * WINDOW].reshape(-1, WINDOW):
            start = time.perf_counter()
            vad.speech_probability(window)
            times.append((time.perf_counter() - start) * 1e6)
    return statistics.median(times)


def time_whole(audio):
    """A window of the whole file in one call, in µs."""
    vad = SileroVad()
    start = time.perf_counter()
    windows = len(vad.push(audio))
    return (time.perf_counter() - start) * 1e6 / windows


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    with wave.open(str(SPEECH)) as file:
        audio = numpy.frombuffer(file.readframes(file.getnframes()), "<i2").astype(numpy.float32) / 32768
    session = open_session()
    time_onnxruntime(session, audio)
    ratios = []
    for number in range(rounds):
        ours, whole, theirs = time_ours(audio), time_whole(audio), time_onnxruntime(session, audio)["p50_us"]
        ratios.append(theirs / ours)
        print(f"round {number + 1}: a window {ours:5.1f}, of a whole file {whole:5.1f}, onnxruntime {theirs:6.1f} µs")
    ratio = statistics.median(ratios)
    print(f"onnxruntime {onnxruntime.__version__}: {ratio:.1f} times as long, least {min(ratios):.1f}; goal ≥ {LEAST_RATIO}")
    return 0 if ratio >= LEAST_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
