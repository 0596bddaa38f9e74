"""The `/ws` contract over FastAPI: `pip install fastapi uvicorn websockets`, then `python server.py`, and point a client at
ws://127.0.0.1:3000/ws. The core reads and writes the messages; this only carries them."""

import asyncio
from typing import Any

import uvicorn
import voice_agent
from fastapi import FastAPI, WebSocket
from voice_agent import ProtocolError, Session, local

app = FastAPI()
agent = voice_agent.Agent(llm=local.Llm(), greeting="Hello!")


async def read(first: asyncio.Task[Any], answered: bool, socket: WebSocket, session: Session) -> None:
    message = await socket.receive() if answered else await first
    while message["type"] != "websocket.disconnect":
        given = message.get("text")
        if not await session.receive(message["bytes"] if given is None else given):
            return
        message = await socket.receive()


async def write(socket: WebSocket, session: Session) -> None:
    async for message in session.messages():
        await (socket.send_text(message) if isinstance(message, str) else socket.send_bytes(message))


@app.websocket("/ws")
async def ws(socket: WebSocket) -> None:
    await socket.accept()
    first = asyncio.create_task(socket.receive())
    answered, _ = await asyncio.wait([first], timeout=0.25)  # `ready` goes out unasked after 250 ms.
    begin: Any = first.result() if answered else {}
    session = agent.session().accept(begin.get("text") or begin.get("bytes"))
    tasks = [asyncio.create_task(read(first, bool(answered), socket, session)), asyncio.create_task(write(socket, session))]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    await session.close()
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    broken = any(isinstance(result, ProtocolError) for result in results)
    await socket.close(1009 if broken else 1000)


if __name__ == "__main__":
    uvicorn.run(app, port=3000)
