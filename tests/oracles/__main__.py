"""Judge mutated tokens by authmux and by other libraries, and show where they differ.

python -m tests.oracles --count 1000000
python -m tests.oracles --count 1000000 --seed 7
python -m tests.oracles --table
"""

import argparse
import secrets
import sys
from time import time

from tests.oracles.forbidden import forbidden_groups
from tests.oracles.jobs import run_campaigns
from tests.oracles.score import Score
from tests.oracles.table import as_markdown

_ALL_DAY = 86_400.0  # seconds


def main() -> int:
    """Return 0 if nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracles", description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000, help="how many cases")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="of what is drawn")
    parser.add_argument("--jobs", type=int, help="how many processes; one for each core by default")
    parser.add_argument("--table", action="store_true", help="only the table of what other libraries accept")
    options = parser.parse_args()
    if options.table:
        sys.stdout.write(as_markdown(forbidden_groups(int(time()))) + "\n")
        return 0
    sys.stdout.write(f"seed {options.seed}\n")
    sys.stdout.flush()
    score = run_campaigns(options.count, seed=options.seed, jobs=options.jobs, timeout=_ALL_DAY)
    sys.stdout.write(report(score) + "\n")
    return 1 if score.findings else 0


def report(score: Score) -> str:
    """Return the figures, and every finding."""
    count = sum(score.judged.values())
    lines = [f"{count} cases in {score.seconds:.1f} s, {count / max(score.seconds, 1e-9):.0f} a second"]
    lines += [f"  {kind:<9} {judged:>8} judged {score.accepted[kind]:>8} accepted"
              for kind, judged in score.judged.most_common()]  # fmt: skip
    reasons = ", ".join(f"{reason} {times}" for reason, times in score.reasons.most_common())
    lines += [f"  refused for: {reasons}", f"  slowest token: {score.slowest * 1000:.2f} ms of processor time"]
    lines += [f"{len(score.findings)} findings", *score.findings]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
