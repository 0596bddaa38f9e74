"""The shortest agent: `python hello.py`. It needs no key, and answers what you type in the demo's words."""

import asyncio

import voice_agent
from voice_agent import Reply, ReplyEnd, local


async def main() -> None:
    agent = voice_agent.Agent(llm=local.Llm())
    async with agent.session() as session:
        session.text("What time is it?")
        async for event in session:
            match event:
                case Reply(text=text):
                    print(text, end="")
                case ReplyEnd():
                    print()
                    break


asyncio.run(main())
