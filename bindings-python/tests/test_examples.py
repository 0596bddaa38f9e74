"""The examples do what they say."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import wave
from pathlib import Path

import pytest
from conftest import run

from voice_agent import Agent, Audio, ReplyEnd, local

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples/python"
SPEECH = ROOT / "voice-core/tests/fixtures/silero_speech.wav"


def program(*arguments: str, stdin: str = "") -> str:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    run = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=60, input=stdin, env=environment, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr
    return run.stdout


def example(name: str, *arguments: str) -> str:
    return program(str(EXAMPLES / name), *arguments)


def test_hello_is_answered_in_25_lines() -> None:
    assert example("hello.py").startswith("It is ")
    assert len((EXAMPLES / "hello.py").read_text().splitlines()) <= 25


def test_a_custom_model_is_interrupted() -> None:
    told = example("custom_llm.py")
    # The generator ends and the reply does; neither waits for the other.
    assert {"(the generator has ended)", "interrupted: True"} <= set(told.splitlines())


def test_a_tool_is_called() -> None:
    assert "(weather: done)\nIt is 21 degrees C in Bern, and it rains." in example("tools.py")


def test_speech_in_a_file_is_found() -> None:
    pytest.importorskip("numpy")
    assert "0.96 s …    2.59 s" in example("vad_over_a_file.py", str(SPEECH))


def test_an_agent_is_tested_in_simulated_time() -> None:
    assert "1 passed" in program("-m", "pytest", "-p", "no:cacheprovider", str(EXAMPLES / "test_my_agent.py"))


def test_a_server_serves_the_contract_in_40_lines() -> None:
    websockets = pytest.importorskip("websockets")
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    lines = (EXAMPLES / "server.py").read_text().split('"""', 2)[2].splitlines()
    assert len([line for line in lines if line.strip()]) <= 40
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve = f"import uvicorn, server; uvicorn.run(server.app, port={port}, log_level='warning')"
    server = subprocess.Popen([sys.executable, "-c", serve], cwd=EXAMPLES, stdout=subprocess.DEVNULL)

    async def connect():  # type: ignore[no-untyped-def]
        for _ in range(200):
            try:
                return await websockets.connect(f"ws://127.0.0.1:{port}/ws")
            except OSError:
                await asyncio.sleep(0.05)
        raise AssertionError("the server does not answer")

    async def client() -> None:
        silent = await connect()
        assert json.loads(await asyncio.wait_for(silent.recv(), 2))["type"] == "ready"
        await silent.close()
        socket = await connect()
        await socket.send('{"type":"start","output_rate":24000}')
        ready = json.loads(await socket.recv())
        assert (ready["type"], ready["output_rate"]) == ("ready", 24_000)
        await socket.send('{"type":"text","text":"what time is it"}')
        while True:
            message = json.loads(await socket.recv())
            if message["type"] == "reply_end" and message["turn"] == 1:
                break
        assert message["heard"].startswith("It is ")
        await socket.send('{"type":"end"}')
        rest = [json.loads(message) async for message in socket]
        assert rest[-1] == {"type": "bye", "reason": "end"}
        assert socket.close_code == 1000

    try:
        run(client(), patience=30)
    finally:
        server.terminate()
        server.wait(10)


def test_the_terminal_talks_and_listens() -> None:
    assert "agent  It is " in program("-m", "voice_agent", stdin="what time is it\n")
    assert json.loads(program("-m", "voice_agent", "--report"))["version"]


def said(text: str) -> bytes:
    """What the local voice makes of it: PCM at 16 kHz."""

    async def speaking() -> bytes:
        pcm = b""
        async with Agent(tts=local.Tts(), vad=False).session() as session:
            session.say(text)
            async for event in session:
                if isinstance(event, Audio):
                    pcm += event.pcm
                if isinstance(event, ReplyEnd):
                    return pcm
        raise AssertionError("nothing was said")

    return run(speaking())


def test_the_terminal_hears_a_file(tmp_path: Path) -> None:
    question, answer = tmp_path / "question.wav", tmp_path / "answer.wav"
    with wave.open(str(question), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(16_000) + said("What time is it?"))
    told = program("-m", "voice_agent", str(question), "--tts", "local", "--out", str(answer))
    assert told.startswith("you    what time is it\nagent  It is "), told
    assert len(answer.read_bytes()) > 16_000


@pytest.mark.skipif(sys.platform == "win32", reason="there are no terminals of this kind")
def test_ctrl_c_ends_the_terminal_while_it_waits_for_a_line() -> None:
    import pty

    child, terminal = pty.fork()
    if child == 0:
        # Who runs in the background was told to ignore it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.execv(sys.executable, [sys.executable, "-m", "voice_agent"])
    os.write(terminal, b"hello\n")
    seen = b""
    while b"How can I help you?" not in seen:
        seen += os.read(terminal, 1_024)
    os.write(terminal, b"\x03")
    deadline = time.monotonic() + 10
    while (ended := os.waitpid(child, os.WNOHANG))[0] == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    if ended[0] == 0:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    os.close(terminal)
    assert ended[0] == child, "it waits on"
    assert os.waitstatus_to_exitcode(ended[1]) == 130


def test_the_terminal_says_what_is_wrong_in_one_line() -> None:
    command = [sys.executable, "-m", "voice_agent", "/nonexistent.wav"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert run.returncode == 2
    assert run.stderr.startswith("voice_agent: ") and len(run.stderr.splitlines()) == 1
