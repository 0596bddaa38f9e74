"""For tests of agents: fakes of the services, with latencies of your choice."""

from __future__ import annotations

from .fakes import FakeLlm, FakeStt, FakeTts

__all__ = ["FakeLlm", "FakeStt", "FakeTts"]
