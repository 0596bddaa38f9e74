"""Talks in the terminal: ``python -m voice_agent``.

    python -m voice_agent                     type to the agent
    python -m voice_agent question.wav        let it hear a file
    python -m voice_agent - < microphone.raw  let it hear a pipe: 16-bit mono PCM at 16 kHz
    python -m voice_agent --report            version and features
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import wave
from collections.abc import AsyncIterator

import voice_agent
from voice_agent import Agent, Audio, ErrorEvent, Reply, ReplyEnd, Session, Transcript
from voice_agent._threads import Worker

_CHUNK_MS = 20
#: After the last of the audio, so much silence: long enough to end the turn.
_SILENCE_S = 2.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m voice_agent",
        description="Talk to an agent in the terminal. Without a model of your choice it is the demo, which needs no key.",
    )
    parser.add_argument("audio", nargs="?", help="a WAV file, or - for 16-bit mono PCM at 16 kHz on stdin; else type")
    parser.add_argument("--stt", default="local", help="speech to text: local, deepgram, groq, … (default: %(default)s)")
    parser.add_argument("--llm", default="local", help="language model: local, groq:MODEL, openai:MODEL, …")
    parser.add_argument("--tts", help="text to speech: local, cartesia, deepgram; without it answers are text")
    parser.add_argument("--instructions", help="how the agent is to behave")
    parser.add_argument("--out", metavar="WAV", help="write what the agent says to this file (needs --tts)")
    parser.add_argument("--report", action="store_true", help="print version and features, and end")
    return parser.parse_args()


async def _paced(pcm: bytes, rate: int) -> AsyncIterator[bytes]:
    """Audio as somebody says it: in real time."""
    clock = asyncio.get_running_loop()
    begun, size = clock.time(), rate * _CHUNK_MS // 1_000 * 2
    for at in range(0, len(pcm), size):
        await asyncio.sleep(begun + at / 2 / rate - clock.time())
        yield pcm[at : at + size]


async def _file(path: str) -> AsyncIterator[bytes]:
    with wave.open(path, "rb") as file:
        if (file.getnchannels(), file.getsampwidth()) != (1, 2):
            raise voice_agent.InvalidInputError(f"{path} is not 16-bit mono", stage="audio")
        rate = file.getframerate()
        pcm = file.readframes(file.getnframes()) + bytes(int(rate * _SILENCE_S) * 2)
    async for chunk in _paced(pcm, rate):
        yield chunk


async def _stdin() -> AsyncIterator[bytes]:
    """What comes in. A thread that waits for it cannot be told to stop: this one does not keep the process from ending, and
    holds no lock of the interpreter's streams meanwhile."""
    worker = Worker("voice_agent stdin")
    try:
        while chunk := await worker.do(os.read, sys.stdin.fileno(), 65_536):
            yield chunk
    finally:
        worker.end()


async def _lines() -> AsyncIterator[str]:
    rest = b""
    async for chunk in _stdin():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace").strip()
    yield rest.decode(errors="replace").strip()


async def _pipe() -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in _stdin():
        pcm = rest + chunk
        whole = len(pcm) // 2 * 2
        rest = pcm[whole:]
        yield pcm[:whole]
    async for silence in _paced(bytes(int(16_000 * _SILENCE_S) * 2), 16_000):
        yield silence


def _rate(audio: str | None) -> int:
    if audio in (None, "-"):
        return 16_000
    with wave.open(str(audio), "rb") as file:
        return file.getframerate()


async def _hear(session: Session, audio: str, answered: asyncio.Event) -> None:
    await session.feed(_pipe() if audio == "-" else _file(audio))
    try:
        await asyncio.wait_for(answered.wait(), 20)
    except (TimeoutError, asyncio.TimeoutError):
        print("(no answer)", file=sys.stderr)


async def _type(session: Session, answered: asyncio.Event) -> None:
    async for line in _lines():
        if session.is_closed:
            return
        if line:
            answered.clear()
            session.text(line)
            await answered.wait()


async def _show(session: Session, out: wave.Wave_write | None, answered: asyncio.Event) -> None:
    async for event in session:
        match event:
            case Transcript(text=text, final=True):
                answered.clear()
                print(f"you    {text}", flush=True)
            case Reply(text=text):
                print(f"agent  {text.strip()}", flush=True)
            case Audio(pcm=pcm) if out:
                out.writeframes(pcm)
            case ReplyEnd():
                answered.set()
            case ErrorEvent(code="overrun"):
                pass  # A pipe that is faster than speech is read more slowly.
            case ErrorEvent(message=message):
                print(f"error  {message}", file=sys.stderr)
                answered.set()
    answered.set()


async def _talk(options: argparse.Namespace, out: wave.Wave_write | None) -> None:
    agent = Agent(
        stt=options.stt if options.audio else None, llm=options.llm, tts=options.tts, instructions=options.instructions
    )
    answered = asyncio.Event()
    async with agent.session(input_rate=_rate(options.audio)) as session:
        showing = asyncio.create_task(_show(session, out, answered))
        if options.audio:
            await _hear(session, options.audio, answered)
        else:
            await _type(session, answered)
    await showing


def main() -> int:
    """Runs the command."""
    options = _arguments()
    if options.report:
        print(json.dumps(voice_agent.report(), indent=2))
        return 0
    out: wave.Wave_write | None = None
    try:
        if options.out:
            out = wave.open(options.out, "wb")
            out.setparams((1, 2, 16_000, 0, "NONE", ""))
        asyncio.run(_talk(options, out))
    except KeyboardInterrupt:
        return 130
    except (voice_agent.Error, OSError, wave.Error) as error:
        print(f"voice_agent: {error}", file=sys.stderr)
        return 2
    finally:
        if out:
            out.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
