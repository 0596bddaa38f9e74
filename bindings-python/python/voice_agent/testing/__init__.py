"""For tests of agents: fakes of the services, conversations in simulated time, and the suite that every provider passes."""

from __future__ import annotations

from .conformance import Report, conformance
from .fakes import FakeLlm, FakeStt, FakeTts
from .scripts import run_script

__all__ = ["FakeLlm", "FakeStt", "FakeTts", "Report", "conformance", "run_script"]
