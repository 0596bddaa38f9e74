"""For tests of agents: fakes of the services, and conversations in simulated time."""

from __future__ import annotations

from .fakes import FakeLlm, FakeStt, FakeTts
from .scripts import run_script

__all__ = ["FakeLlm", "FakeStt", "FakeTts", "run_script"]
