"""Short processes: each ends by itself, with 0, whatever was under way."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from programs import PROGRAMS

HERE = Path(__file__).parent
#: Of each kind of loop, over all programs.
RUNS = int(os.environ.get("PROCESSES", "60"))


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(HERE / "programs.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_60_processes_exit_with_0(loop: str) -> None:
    if loop == "uvloop" and importlib.util.find_spec("uvloop") is None:
        pytest.skip("uvloop is not installed")
    wanted = [(PROGRAMS[run % len(PROGRAMS)].__name__, loop) for run in range(RUNS)]
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda arguments: process(*arguments), wanted))
    failed = [(arguments, run.returncode, run.stderr) for arguments, run in zip(wanted, ended) if run.returncode != 0]
    assert not failed, failed
    aborted = [run.stderr for run in ended if "Fatal Python error" in run.stderr or "panicked" in run.stderr]
    assert not aborted


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("loop_closed_early", ""),
        ("interrupted", "told: KeyboardInterrupt"),
        ("interrupt_in_a_callback", "told: KeyboardInterrupt"),
        ("forked", "told: 0"),
        ("after_the_end", "told: voice_agent has ended with the interpreter"),
    ],
)
def test_what_goes_wrong_is_told_and_the_process_ends(name: str, told: str) -> None:
    run = process(name)
    assert run.returncode == 0, run.stderr
    assert told in run.stdout
    assert "Fatal Python error" not in run.stderr and "panicked" not in run.stderr
