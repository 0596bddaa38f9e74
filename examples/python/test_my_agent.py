"""A test of one's own agent in simulated time: `pytest test_my_agent.py`. A conversation of 12 s takes some ms, and gives the
same log every time."""

import asyncio
import json
from collections.abc import AsyncIterator

from voice_agent.providers import LlmRequest
from voice_agent.testing import run_script


class MyLlm:
    """What is to be tested."""

    async def generate(self, request: LlmRequest) -> AsyncIterator[str]:
        yield f"I heard {len(request.messages)} messages. "
        yield "The last was: " + request.messages[-1].text


def test_an_interruption_is_answered() -> None:
    script = {
        "name": "an interruption",
        "foreign": ["llm"],
        "stt": {"turns": [{"finals": ["Tell me a story."]}, {"finals": ["Stop, another one."]}]},
        "llm": {"first_ms": 200, "piece_ms": 20, "says": {"answers": []}},
        "tts": {"first_ms": 50, "says": {}},
        "acts": [
            {"at_ms": 500, "do": "speech", "for_ms": 900},
            {"at_ms": 4_000, "do": "speech", "for_ms": 1_200},
        ],
        "until_ms": 12_000,
    }
    log = [json.loads(line) for line in asyncio.run(run_script(script, llm=MyLlm()))]
    first, second = (event for event in log if event["type"] == "reply_end")
    assert first["interrupted"] and not second["interrupted"]
    assert second["heard"].startswith("I heard 3 messages.")
