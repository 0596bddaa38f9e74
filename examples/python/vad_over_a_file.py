"""Where somebody speaks in a file: `python vad_over_a_file.py speech.wav` (16-bit mono). Silero alone, without an agent."""

import sys
import wave

import numpy
from voice_agent import Resampler, SileroVad


def main(path: str) -> None:
    with wave.open(path, "rb") as file:
        rate, samples = file.getframerate(), numpy.frombuffer(file.readframes(-1), numpy.int16)
    vad = SileroVad()
    probabilities = vad.push(Resampler(rate, vad.sample_rate).push(samples))
    speech = numpy.flatnonzero(numpy.diff(numpy.concatenate([[0], probabilities > 0.5, [0]]).astype(int)))
    for start, end in speech.reshape(-1, 2) * vad.window_len / vad.sample_rate:
        print(f"{start:7.2f} s … {end:7.2f} s")


if __name__ == "__main__":
    main(sys.argv[1])
