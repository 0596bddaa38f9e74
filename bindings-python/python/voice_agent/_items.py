"""Items of providers written in Python, as they cross the border: JSON and audio."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from ._arrays import pcm_of
from .providers import Final, Partial, SentenceEnd, Spoken, ToolCall, ToolOutput, TurnEstimate, Words

_NAMES: dict[type, str] = {
    Final: "final",
    Partial: "partial",
    SentenceEnd: "sentence_end",
    ToolCall: "tool_call",
    TurnEstimate: "turn_estimate",
    Words: "words",
}

written = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def fields_of(item: Any) -> dict[str, Any]:
    """The fields of a dataclass that are not ``None``."""
    return {name: value for name, value in dataclasses.asdict(item).items() if value is not None}


def item_of(kind: str, item: Any) -> tuple[str, bytes | None]:
    """What ``yield item`` gives the core."""
    if isinstance(item, str):
        return written({"type": "final", "text": item} if kind == "stt" else item), None
    if isinstance(item, dict):
        return written(item), None
    if isinstance(item, Spoken):
        sentence = {} if item.sentence is None else {"sentence": item.sentence}
        return written({"type": "audio", **sentence}), pcm_of(item.pcm)
    name = _NAMES.get(type(item))
    if name is not None:
        return written({"type": name, **fields_of(item)}), None
    if kind == "tts":
        return "", pcm_of(item)
    raise TypeError(f"an item of {_ARTICLES[kind]} cannot be a {type(item).__name__}")


_ARTICLES = {"llm": "a language model", "stt": "a recogniser", "tool": "a tool", "vad": "a detector"}


def output_of(output: Any) -> str:
    """What a tool's return value gives the core: text as it is, anything else as JSON for the model to read."""
    if isinstance(output, ToolOutput):
        return written(dataclasses.asdict(output))
    text = output if isinstance(output, str) else json.dumps(output, ensure_ascii=False, default=str)
    return written(text)
