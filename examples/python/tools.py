"""Tools: `python tools.py`. The model is told the function's docstring and the schema of its types; with
`GROQ_API_KEY` it is Groq's, and without one a few lines that call the tool."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any, Literal

import voice_agent
from voice_agent import Reply, ReplyEnd, ToolEvent, groq
from voice_agent.providers import LlmRequest, ToolCall


@voice_agent.tool
def weather(city: str, unit: Literal["C", "F"] = "C") -> str:
    """Tells the weather of a city now.

    Args:
        city: Its name, in English.
        unit: Of the temperature.
    """
    return f"It is {21 if unit == 'C' else 70} degrees {unit} in {city}, and it rains."


class StandIn:
    """Calls the tool once, and reads out what it gave."""

    async def generate(self, request: LlmRequest) -> AsyncIterator[str | ToolCall]:
        newest = request.messages[-1]
        if newest.role == "user":
            yield ToolCall("1", "weather", {"city": "Bern"})
        else:
            yield str(newest.calls[0].result)


async def main() -> None:
    llm: Any = groq.Llm() if os.environ.get("GROQ_API_KEY") else StandIn()
    agent = voice_agent.Agent(llm=llm, tools=[weather], instructions="Be brief.")
    async with agent.session() as session:
        session.text("What is the weather in Bern?")
        async for event in session:
            match event:
                case ToolEvent(name=name, status=status):
                    print(f"({name}: {status})")
                case Reply(text=text):
                    print(text)
                case ReplyEnd():
                    break


asyncio.run(main())
