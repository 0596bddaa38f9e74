"""A language model of your own: `python custom_llm.py`. Any async generator will do; this one counts, and stops at once
when it is interrupted."""

import asyncio
from collections.abc import AsyncIterator

import voice_agent
from voice_agent import Reply, ReplyEnd
from voice_agent.providers import LlmRequest


class Counting:
    """Counts until it is stopped."""

    name = "counting"

    async def generate(self, request: LlmRequest) -> AsyncIterator[str]:
        try:
            yield f"You said: {request.messages[-1].text} "
            for number in range(1, 1_000):
                await asyncio.sleep(0.02)
                yield f"{number}. "
        finally:
            print("(the generator has ended)")


async def main() -> None:
    agent = voice_agent.Agent(llm=Counting())
    async with agent.session() as session:
        session.text("count")
        async for event in session:
            match event:
                case Reply(text=text):
                    print(text)
                    if "5" in text:
                        session.interrupt()
                case ReplyEnd(interrupted=interrupted):
                    print(f"interrupted: {interrupted}")
                    break


asyncio.run(main())
