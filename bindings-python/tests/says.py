"""What the stages of a scripted conversation say, interpreted in Python. The script holds it as data; the core has the same in
Rust, and a stage of either gives the same log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from voice_agent import errors
from voice_agent.errors import of_kind
from voice_agent.providers import LlmRequest, Message, Sentence, SentenceEnd, Spoken, ToolCall, Word, Words


def failure(fails: dict[str, str]) -> errors.Error:
    return of_kind(fails["kind"], "", fails["message"], None)


class ScriptedLlm:
    def __init__(self, says: dict[str, Any]) -> None:
        self.says = says

    async def generate(self, request: LlmRequest) -> AsyncIterator[str | ToolCall]:
        if request.purpose == "summary":
            if self.says.get("summary"):
                yield self.says["summary"]
            return
        newest = max((at for at, said in enumerate(request.messages) if said.role == "user"), default=-1)
        user = request.messages[newest].text if newest >= 0 else ""
        rounds = [said for said in request.messages[newest + 1 :] if said.role == "tools"]
        fitting = (
            answer
            for answer in self.says["answers"]
            if answer.get("to", "") in user and answer.get("round", 0) == len(rounds)
        )
        answer = next(fitting, None)
        if answer is None:
            return
        for piece in filter(None, answer.get("says", "").split("|")):
            yield filled(piece, user, request, rounds)
        for call in answer.get("calls", []):
            yield ToolCall(**call)
        if answer.get("fails"):
            raise failure(answer["fails"])


def filled(piece: str, user: str, request: LlmRequest, rounds: list[Message]) -> str:
    results = "; ".join(call.result or "" for said in rounds for call in said.calls)
    piece = piece.replace("{user}", user).replace("{context}", request.context or "")
    return piece.replace("{instructions}", request.instructions or "").replace("{results}", results)


class ScriptedTts:
    def __init__(self, says: dict[str, Any]) -> None:
        self.says = says
        self.sample_rate: int = says.get("sample_rate", 16_000)
        self.per_character_ms: int = says.get("per_character_ms", 60)

    async def synthesize(self, text: Any) -> AsyncIterator[Words | Spoken | SentenceEnd]:
        fails = self.says.get("fails")
        async for item in text:
            if not isinstance(item, Sentence):
                continue
            if fails and fails["sentence"] == item.sentence and fails.get("turn") in (None, text.turn):
                raise failure(fails["error"])
            if self.says.get("timed"):
                yield Words(self.words(item.text), item.sentence)
            samples = len(item.text) * self.per_character_ms * self.sample_rate // 1_000
            pcm = text.turn.to_bytes(2, "little") * samples
            piece = max(self.sample_rate // 5, 1) * 2
            for start in range(0, len(pcm), piece):
                yield Spoken(pcm[start : start + piece], item.sentence)
            yield SentenceEnd(item.sentence)

    def words(self, text: str) -> list[Word]:
        words, at = [], 0
        for word in text.split(" "):
            if word:
                words.append(Word(word, at * self.per_character_ms, (at + len(word)) * self.per_character_ms))
            at += len(word) + 1
        return words


class ScriptedTool:
    """Stands for a tool made with the decorator: the script describes it itself."""

    def __init__(self, says: dict[str, Any]) -> None:
        self.says = says
        self.name: str = says["spec"]["name"]

    async def runner(self, arguments: dict[str, Any]) -> str:
        if self.says.get("fails"):
            raise failure(self.says["fails"])
        said: str = self.says.get("says", "")
        for name, value in arguments.items():
            if isinstance(value, str):
                said = said.replace("{" + name + "}", value)
        return said


def stages(script: dict[str, Any]) -> dict[str, Any]:
    """The stages that a script leaves to its host, for ``run_script``."""
    foreign = script.get("foreign", [])
    tools: list[Any] = [ScriptedTool(timed["says"]) for timed in script.get("tools", [])]
    given: dict[str, Any] = {}
    if "llm" in foreign and script.get("llm"):
        given["llm"] = ScriptedLlm(script["llm"]["says"])
    if "tts" in foreign and script.get("tts"):
        given["tts"] = ScriptedTts(script["tts"]["says"])
    if "tools" in foreign:
        given["tools"] = tools
    return given


__all__ = ["ScriptedLlm", "ScriptedTool", "ScriptedTts", "stages"]
