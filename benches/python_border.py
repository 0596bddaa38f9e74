"""What the border between Python and the core costs: CPU an event, microphone audio in, cancelling, memory of many sessions.

    python benches/python_border.py [--sessions 10000]

with the wheel installed (a release build: `maturin build --release --manifest-path bindings-python/Cargo.toml`). Fails when a
goal is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import queue
import resource
import statistics
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import voice_agent
from voice_agent import Agent, Reply, ReplyEnd
from voice_agent.testing import FakeTts


def report(what: str, value: float, goal: float, unit: str, *, more: str = "") -> bool:
    """Prints a figure beside its goal."""
    met = value <= goal
    print(f"{what:<44} {value:9.2f} {unit:<9} goal ≤ {goal:g}  {'' if met else 'MISSED  '}{more}")
    return met


async def events_of(agent: Agent, pieces: int) -> int:
    """Takes all events of one answer of many pieces, and counts them."""
    count = 0
    async with agent.session() as session:
        session.text("talk")
        async for event in session:
            count += 1
            if isinstance(event, ReplyEnd):
                return count
    raise AssertionError(pieces)


class Sentences:
    """Says many short sentences: one event each."""

    def __init__(self, pieces: int) -> None:
        self.text = "Yes. " * pieces

    async def generate(self, request: Any):  # type: ignore[no-untyped-def]
        yield self.text


async def cost_of_events() -> bool:
    """CPU of the whole process for each event: the core's part, the border, the object."""
    pieces, figures = 1_000, []
    agent = Agent(llm=Sentences(pieces), vad=False)
    for _ in range(21):
        begun = time.process_time()
        count = await events_of(agent, pieces)
        figures.append((time.process_time() - begun) / count * 1e6)
        assert count >= pieces
    return report("an event out, in a burst", statistics.median(figures), 10, "µs CPU", more=f"best {min(figures):.2f}")


def spent() -> tuple[float, int]:
    """CPU of the whole process in µs, and how often its threads have gone to sleep."""
    return time.process_time() * 1e6, resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw


async def each(work: Callable[[], Awaitable[int]], pause: float) -> tuple[float, float]:
    """What `work`, which pauses before each of the events that it counts, costs an event, its pauses taken off."""
    begun, count = spent(), await work()
    worked = spent()
    for _ in range(count):
        await asyncio.sleep(pause)
    cpu, sleeps = (2 * middle - first - last for first, middle, last in zip(begun, worked, spent()))
    return cpu / count, sleeps / count


async def cost_of_single_events() -> None:
    """The same for events that come one by one, each of which wakes the loop. For comparison, without a goal: beside it, in the
    same run, the floor, which is a loop that asks a plain Python thread for something and is told by it."""
    items, pause = 200, 0.002

    class Slowly:
        async def generate(self, request: Any):  # type: ignore[no-untyped-def]
            for _ in range(items):
                await asyncio.sleep(pause)
                yield "Yes. "

    agent, loop = Agent(llm=Slowly(), vad=False), asyncio.get_running_loop()
    asked: queue.SimpleQueue[asyncio.Future[None] | None] = queue.SimpleQueue()

    async def session_events() -> int:
        count = 0
        async with agent.session() as session:
            session.text("talk")
            async for event in session:
                count += isinstance(event, Reply)
                if isinstance(event, ReplyEnd):
                    break
        return count

    def answer() -> None:
        while (future := asked.get()) is not None:
            loop.call_soon_threadsafe(future.set_result, None)

    async def thread_answers() -> int:
        for _ in range(items):
            await asyncio.sleep(pause)
            future: asyncio.Future[None] = loop.create_future()
            asked.put(future)
            await future
        return items

    thread = threading.Thread(target=answer)
    thread.start()
    rounds = [(await each(session_events, pause), await each(thread_answers, pause)) for _ in range(7)]
    asked.put(None)
    thread.join()
    for what, figures in zip(("an item in and an event out, one by one", "  its floor: a thread asked, and answering"), zip(*rounds)):
        cpu, sleeps = (statistics.median(figure) for figure in zip(*figures))
        print(f"{what:<44} {cpu:9.2f} µs CPU    no goal    {sleeps:.1f} times a thread goes to sleep")


async def cost_of_frames() -> bool:
    """The share of a core for taking 20 ms frames from Python in real time, the core's part included, without a detector.
    What the pacing itself costs is measured in the same run and taken off."""
    agent, frame, figures = Agent(llm=Sentences(1), vad=False), bytes(640), []

    async def second(feed: Callable[[bytes], Awaitable[None]]) -> float:
        begun, due = time.process_time(), time.perf_counter()
        for _ in range(50):
            await feed(frame)
            due += 0.020
            await asyncio.sleep(due - time.perf_counter())
        return time.process_time() - begun

    async def nothing(_: bytes) -> None:
        pass

    async with agent.session() as session:
        for _ in range(5):
            pacing = await second(nothing)
            figures.append((await second(session.feed) - pacing) * 100)
    return report("20 ms frames in, real time", statistics.median(figures), 1, "% of core", more=f"most {max(figures):.2f}")


async def cancelling() -> bool:
    """From `interrupt()` to the end of the user's generator."""
    figures: list[float] = []

    class Endless:
        async def generate(self, request: Any):  # type: ignore[no-untyped-def]
            try:
                yield "Well"
                begun.set()
                await asyncio.sleep(3_600)
            finally:
                ended.append(time.perf_counter())
                done.set()

    agent = Agent(llm=Endless(), vad=False)
    for _ in range(200):
        begun, done, ended = asyncio.Event(), asyncio.Event(), []
        async with agent.session() as session:
            session.text("talk")
            await begun.wait()
            asked = time.perf_counter()
            session.interrupt()
            await done.wait()
            figures.append((ended[0] - asked) * 1e3)
    figures.sort()
    more = f"median {figures[100]:.2f}, longest {figures[-1]:.2f}"
    return report("interrupt() to the generator's end, p99", figures[197], 10, "ms", more=more)


def resident() -> float:
    """In MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


async def many_sessions(count: int) -> bool:
    """Memory after the first tenth and after all of them."""

    class Echo:
        async def generate(self, request: Any):  # type: ignore[no-untyped-def]
            yield request.messages[-1].text

    agent = Agent(llm=Echo(), tts=FakeTts(per_character_ms=1), vad="energy")

    async def one() -> None:
        async with agent.session() as session:
            await session.feed(bytes(640))
            session.text("hi")
            async for event in session:
                if isinstance(event, ReplyEnd):
                    return

    early = 0.0
    for done in range(0, count, 20):
        await asyncio.gather(*(one() for _ in range(20)))
        if done == count // 10:
            gc.collect()
            early = resident()
    gc.collect()
    late = resident()
    more = f"{early:.1f} MiB after a tenth, {late:.1f} after all"
    return report(f"{count} sessions, growth after a tenth", late - early, 4, "MiB", more=more)


async def main(sessions: int) -> int:
    print(f"Python {sys.version.split()[0]}, voice_agent {voice_agent.__version__}")
    met = [await cost_of_events()]
    await cost_of_single_events()
    met += [await cost_of_frames(), await cancelling(), await many_sessions(sessions)]
    return 0 if all(met) else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--sessions", type=int, default=10_000)
    sys.exit(asyncio.run(main(parser.parse_args().sessions)))
