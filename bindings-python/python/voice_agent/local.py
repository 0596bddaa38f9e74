"""The engines of this machine, which need no key and no network.

They load Debian's ``libpocketsphinx3 pocketsphinx-en-us`` and ``libflite1`` at run time; where one is missing, making the
agent is an :class:`~voice_agent.EngineMissingError` that says what to install.
"""

from __future__ import annotations

from typing import Any

from ._specs import Specified

__all__ = ["Llm", "Stt", "Tts"]


class Stt(Specified):
    """PocketSphinx, with a language model of the demo's sentences and no others."""

    provider = "local"

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)


class Llm(Specified):
    """The demo brain: answers by rules, no language model."""

    provider = "local"

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)


class Tts(Specified):
    """flite: the voices ``slt``, ``awb``, ``rms``, ``kal16``."""

    provider = "local"

    def __init__(self, voice: str | None = None, **settings: Any) -> None:
        super().__init__(voice=voice, **settings)
