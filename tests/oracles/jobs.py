"""Campaigns in one process for each core."""

import os
import subprocess
import sys
from pathlib import Path

from tests.oracles.score import Score

_ROOT = Path(__file__).parents[2]


def run_campaigns(count: int, *, seed: int, jobs: int | None = None, timeout: float) -> Score:
    """Return what came of so many cases, in all processes together.

    Arguments:
        count: how many cases.
        seed: of the first process; the others count on from there.
        jobs: how many processes; by default one for each core.
        timeout: seconds.

    Raises:
        RuntimeError: a process did not come to its end well.
        subprocess.TimeoutExpired: it took too long; no process is left behind.
    """
    jobs = jobs or os.cpu_count() or 1
    command = [sys.executable, "-m", "tests.oracles.campaign"]
    running = [
        subprocess.Popen(
            [*command, str(seed + job), str(count // jobs + (job < count % jobs))],
            cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for job in range(jobs)
    ]  # fmt: skip
    score = Score()
    try:
        for process in running:
            output, errors = process.communicate(timeout=timeout)
            if process.returncode != 0:
                raise RuntimeError(f"a campaign ended with {process.returncode}: {errors[-2000:]}")
            score.add(Score.of_json(output))
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
            process.communicate()
    return score
