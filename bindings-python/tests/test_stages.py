"""The stages alone."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from conftest import tone

import voice_agent
from voice_agent import Denoiser, InvalidInputError, Resampler, SileroVad
from voice_agent._onnx import onnx_runtime

numpy = pytest.importorskip("numpy")


def noise(samples: int, level: float = 0.1) -> object:
    return (numpy.random.default_rng(1).standard_normal(samples) * level).astype(numpy.float32)


def test_silero_gives_the_same_for_windows_and_for_pieces_of_any_length() -> None:
    audio = numpy.concatenate([noise(16_000), numpy.frombuffer(tone(1_000), numpy.int16) / 32_768]).astype("float32")
    one = SileroVad()
    windows = [one.speech_probability(audio[at : at + 512]) for at in range(0, len(audio) - 511, 512)]
    other = SileroVad()
    pieces = numpy.concatenate([other.push(piece) for piece in numpy.array_split(audio, 97)])
    assert pieces.dtype == numpy.float32 and pieces.shape == (len(audio) // 512,)
    assert windows == pytest.approx(pieces.tolist(), abs=1e-6)
    assert all(0 <= probability <= 1 for probability in windows)


def test_silero_forgets() -> None:
    vad = SileroVad()
    first = vad.push(noise(8_192)).tolist()
    vad.push(tone(500))
    vad.reset()
    assert vad.push(noise(8_192)).tolist() == first


def test_integers_and_floats_are_the_same_sound() -> None:
    samples = numpy.frombuffer(tone(512), numpy.int16)
    floats = samples.astype(numpy.float32) / 32_768
    assert SileroVad().push(samples) == pytest.approx(SileroVad().push(floats), abs=1e-5)


def test_silero_wants_whole_windows() -> None:
    with pytest.raises(InvalidInputError, match="512 samples, not 100"):
        SileroVad().speech_probability(noise(100))


def test_the_denoiser_takes_noise_away_and_declares_its_delay() -> None:
    denoiser = Denoiser(16_000)
    dirty = noise(16_000 * 3, 0.01)
    clean = numpy.concatenate([denoiser.push(dirty), denoiser.flush()])
    assert denoiser.delay_samples == 192
    assert clean.dtype == numpy.int16 and len(clean) == len(dirty) + denoiser.delay_samples
    level = float(numpy.std(clean[16_000:-192] / 32_768))
    assert level < 0.3 * float(numpy.std(dirty)), level


@pytest.mark.parametrize(("from_hz", "to_hz"), [(16_000, 48_000), (48_000, 16_000), (44_100, 16_000), (16_000, 16_000)])
def test_the_resampler_keeps_the_tone(from_hz: int, to_hz: int) -> None:
    resampler = Resampler(from_hz, to_hz)
    audio = numpy.sin(2 * numpy.pi * 440 * numpy.arange(from_hz) / from_hz).astype(numpy.float32)
    output = numpy.concatenate([resampler.push(audio), resampler.flush()])
    assert output.dtype == numpy.float32
    assert len(output) == to_hz + resampler.delay_samples
    spectrum = numpy.abs(numpy.fft.rfft(output[: to_hz]))
    assert abs(int(numpy.argmax(spectrum)) - 440) <= 1


def test_the_resampler_keeps_integers_integers() -> None:
    output = Resampler(8_000, 16_000).push(numpy.frombuffer(tone(100, rate=8_000), numpy.int16))
    assert output.dtype == numpy.int16


def test_a_rate_that_cannot_be_is_named() -> None:
    with pytest.raises(voice_agent.InvalidConfigError, match="100"):
        Resampler(100, 16_000)
    with pytest.raises(voice_agent.InvalidConfigError):
        Denoiser(1)


def test_the_lock_is_released_while_a_stage_works() -> None:
    vad, audio = SileroVad(), noise(16_000 * 120)
    done = threading.Event()

    def work() -> None:
        vad.push(audio)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    longest, last = 0.0, time.perf_counter()
    while not done.is_set():
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
        time.sleep(0)
    thread.join()
    # Two minutes of audio take about 80 ms; held, the lock would have kept this thread out for all of it.
    assert longest < 0.05


def test_a_library_that_is_not_there_is_an_error_that_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (model := tmp_path / "model.onnx").touch()
    with pytest.raises(voice_agent.EngineMissingError, match="/nonexistent/libonnxruntime.so"):
        voice_agent.TurnDetector(model, library="/nonexistent/libonnxruntime.so")
    monkeypatch.setenv("ORT_DYLIB_PATH", "/elsewhere.so")
    with pytest.raises(voice_agent.EngineMissingError, match=r"/elsewhere.so.*`pip install voice-agent\[onnx\]`"):
        voice_agent.TurnDetector(model)
    with pytest.raises(voice_agent.InvalidConfigError, match="/nonexistent/model.onnx"):
        voice_agent.TurnDetector("/nonexistent/model.onnx")


def test_a_detector_of_turns_works_where_its_model_is(request: pytest.FixtureRequest) -> None:
    downloaded = request.config.rootpath.parent / "voice-core/models/downloaded"
    model, library = downloaded / "smart-turn-v3.2-cpu.onnx", downloaded / "libonnxruntime.so"
    if not (model.exists() and library.exists()):
        pytest.skip("Smart Turn is not here: make models")
    detector = voice_agent.TurnDetector(model, library=library)
    assert 0 <= detector.end_of_turn(tone(1_000)) <= 1
    voice_agent.Agent(turn_detector=detector, vad=False)
    with pytest.raises(InvalidInputError, match="no audio"):
        detector.end_of_turn(b"")


def test_the_extra_onnx_finds_the_library_without_importing_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    capi = tmp_path / "onnxruntime/capi"
    capi.mkdir(parents=True)
    (tmp_path / "onnxruntime/__init__.py").write_text("raise AssertionError('imported')")
    library = capi / "libonnxruntime.so.1.99.0"
    library.touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("ORT_DYLIB_PATH", raising=False)
    assert onnx_runtime() == library
    monkeypatch.setenv("ORT_DYLIB_PATH", "/elsewhere.so")
    assert onnx_runtime() is None
