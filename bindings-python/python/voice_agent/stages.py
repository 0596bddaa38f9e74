"""The stages alone, for programs that want only those. Arrays in, arrays out; the interpreter's lock is released while they
work. Each instance hears one stream."""

from __future__ import annotations

import os
from pathlib import Path

from . import _native
from ._arrays import Pcm, Samples, float32, floats_of, int16, pcm_of, raw
from ._onnx import onnx_runtime
from .errors import EngineMissingError

__all__ = ["Denoiser", "Resampler", "SileroVad", "TurnDetector"]


class SileroVad:
    """Voice activity detection by Silero: mono audio at 16 kHz, as ``float32`` in −1 … 1 or ``int16``."""

    sample_rate = 16_000
    """In Hz."""
    window_len = 512
    """Samples of a window: 32 ms."""

    def __init__(self) -> None:
        self._native = _native.SileroVad()

    def speech_probability(self, window: Pcm) -> float:
        """The probability, 0 … 1, that the stream holds speech in this window, shape ``(512,)``."""
        return self._native.window(floats_of(window))

    def push(self, samples: Pcm) -> Samples:
        """The probabilities of all windows that these samples, shape ``(n,)``, complete: ``float32``, shape ``(m,)``.

        What is left of a window waits for the next call.
        """
        return float32(self._native.push(floats_of(samples)))

    def reset(self) -> None:
        """Forgets the stream heard so far."""
        self._native.reset()


class Denoiser:
    """Noise suppression by RNNoise of a stream at any rate from 4 to 192 kHz."""

    def __init__(self, sample_rate: int = 16_000) -> None:
        self._native = _native.Denoiser(sample_rate)
        self.sample_rate = sample_rate
        """In Hz."""

    @property
    def delay_samples(self) -> int:
        """Samples by which the output lags the input: 192 (12 ms) at 16 kHz."""
        return self._native.delay_samples

    def push(self, samples: Pcm) -> Samples:
        """What these samples, ``(n,)``, determine of the cleaned stream: ``int16``, shape ``(m,)``."""
        return int16(self._native.push(pcm_of(samples)))

    def flush(self) -> Samples:
        """Ends the stream: what the delay held back, ``int16``. Then a new stream begins."""
        return int16(self._native.flush())

    def reset(self) -> None:
        """Forgets the stream so far."""
        self._native.reset()


class Resampler:
    """Sample rate conversion of a stream, both rates from 4 to 192 kHz."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._native = _native.Resampler(from_hz, to_hz)
        self.from_hz = from_hz
        """Rate of the input, in Hz."""
        self.to_hz = to_hz
        """Rate of the output, in Hz."""

    @property
    def delay_samples(self) -> int:
        """Samples of the output by which it lags the input."""
        return self._native.delay_samples

    def push(self, samples: Pcm) -> Samples:
        """What these samples, ``(n,)``, determine of the output, of the same type: ``int16`` or ``float32``."""
        kind, data = raw(samples)
        if kind == "f":
            return float32(self._native.push_floats(data))
        return int16(self._native.push_integers(data))

    def flush(self) -> Samples:
        """Ends the stream: what the delay held back, ``float32``. Then a new stream begins."""
        return float32(self._native.flush())


class TurnDetector:
    """Smart Turn v3: has the person finished, or is this a pause? One instance serves all sessions of a process.

    ``model`` is the file ``smart-turn-v3.2-cpu.onnx``. ``library`` is ONNX Runtime; without it the one that
    ``ORT_DYLIB_PATH`` names is taken, then that of ``pip install voice-agent[onnx]``.
    """

    def __init__(self, model: str | os.PathLike[str], *, library: str | os.PathLike[str] | None = None) -> None:
        found = library or onnx_runtime()
        try:
            self.native: _native.TurnDetector = _native.TurnDetector(Path(model), Path(found) if found else None)
        except EngineMissingError as error:
            if found:
                raise
            message = f"{error.message}, or `pip install voice-agent[onnx]`"
            raise EngineMissingError(message, stage=error.stage) from None

    def end_of_turn(self, samples: Pcm) -> float:
        """The probability, 0 … 1, that the turn is over.

        ``samples`` is its audio, ``(n,)``, mono at 16 kHz, with about 200 ms of silence at its end; the last 8 s count.
        An answer takes 30 to 50 ms of the calling thread.
        """
        return self.native.end_of_turn(pcm_of(samples))
