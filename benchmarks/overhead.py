"""What authmux adds to a bare Starlette or Flask route, in microseconds: `make bench`, `make bench ARGS=--quick`.

Bare and guarded are timed in turn, round by round, and each round is compared with itself: so a machine that is slow
for a while is slow for both. What is printed are medians over the rounds.
"""

import argparse
import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from authmux import system
from benchmarks.drivers import ASGIDriver, WSGIDriver
from benchmarks.peers import joserfc_recipe, peer_starlette, pyjwt_recipe
from benchmarks.stage import Stage, bare_flask, bare_starlette, guarded_flask, guarded_starlette, open_stage

RESULTS = Path(__file__).parent / "results" / "overhead.json"
ALGORITHMS = ("RS256", "ES256", "EdDSA")


@dataclass(frozen=True)
class Case:
    """One guarded application and the credentials that one round sends to it."""

    name: str
    app: Any
    credentials: Callable[[int], list[str | None]]
    wanted: float | None = None


@dataclass(frozen=True)
class Result:
    """What one case costs: microseconds added to the bare route, and the ratio to it."""

    case: str
    added_us: float
    ratio_to_bare: float
    wanted: float | None


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds; under a minute")
    quick = parser.parse_args().quick
    rounds, requests = (15, 300) if quick else (60, 1000)
    results: list[Result] = []
    with open_stage(ALGORITHMS) as stage:
        for face, driver, bare in (
            ("starlette", ASGIDriver(), bare_starlette()),
            ("flask", WSGIDriver(), bare_flask()),
        ):
            results += _measure(_cases(face, stage, requests), driver, bare, rounds, requests)
            driver.close()
    _print(results)
    RESULTS.parent.mkdir(exist_ok=True)
    rows = [
        {"case": each.case, "added_us": round(each.added_us, 2), "ratio_to_bare": round(each.ratio_to_bare, 3)}
        for each in results
    ]
    RESULTS.write_text(json.dumps(rows, indent=2) + "\n")


def _cases(face: str, stage: Stage, requests: int) -> list[Case]:
    guarded = guarded_starlette if face == "starlette" else guarded_flask
    warm = guarded(stage.authenticator())
    jwt = stage.jwts("RS256", 1)[0]
    cases = [
        Case(f"{face}/key/warm", warm, _always(stage.key), wanted=8),
        Case(f"{face}/pat/warm", warm, _always(stage.pat), wanted=8),
        Case(f"{face}/jwt/warm", warm, _always(jwt), wanted=6),
        Case(f"{face}/none/absent", warm, _always(None)),
        Case(f"{face}/key/cold", guarded(stage.authenticator(remember_keys=1)), _alternating(stage), wanted=250),
    ]
    for algorithm, wanted in zip(ALGORITHMS, (40, 90, 110), strict=True):
        # A memory of one verdict never holds that of the next token: each is seen for the first time, again and again.
        app = guarded(stage.authenticator(remember_jwts=1))
        pool = stage.jwts(algorithm, min(requests, 300))
        cases.append(Case(f"{face}/jwt-{algorithm}/first", app, _cycling(pool), wanted=wanted))
    return cases + (_peers(stage, requests) if face == "starlette" else [])


def _peers(stage: Stage, requests: int) -> list[Case]:
    """Return the same tokens through what people use today; these remember nothing, so every time is a first."""
    cases = []
    for algorithm in ALGORITHMS:
        pool = _cycling(stage.jwts(algorithm, min(requests, 300)))
        for name, recipe in (("pyjwt", pyjwt_recipe), ("joserfc", joserfc_recipe)):
            app = peer_starlette(recipe(stage.issuers[algorithm]))
            cases.append(Case(f"starlette+{name}/jwt-{algorithm}/first", app, pool))
    return cases


def _measure(cases: list[Case], driver: Any, bare: Any, rounds: int, requests: int) -> list[Result]:
    for case in cases:
        driver.time(case.app, case.credentials(10))
    timings: dict[str, list[tuple[float, float]]] = {case.name: [] for case in cases}
    for _ in range(rounds):
        for case in cases:
            count = requests if case.name.endswith(("warm", "absent")) else max(requests // 10, 20)
            base = driver.time(bare, [None] * count)
            timings[case.name].append((base, driver.time(case.app, case.credentials(count))))
    return [_result(case, timings[case.name]) for case in cases]


def _result(case: Case, timings: list[tuple[float, float]]) -> Result:
    added = statistics.median(taken - base for base, taken in timings)
    ratio = statistics.median(taken / base for base, taken in timings)
    return Result(case.name, added * 1e6, ratio, case.wanted)


def _print(results: list[Result]) -> None:
    print(f"{'case':<34}{'µs added':>10}{'x bare':>9}{'wanted':>9}")
    for each in results:
        wanted = f"≤ {each.wanted:g}" if each.wanted else ""
        print(f"{each.case:<34}{each.added_us:>10.1f}{each.ratio_to_bare:>9.2f}{wanted:>9}")


def _always(credential: str | None) -> Callable[[int], list[str | None]]:
    return lambda count: [credential] * count


def _cycling(credentials: list[str]) -> Callable[[int], list[str | None]]:
    return lambda count: [credentials[index % len(credentials)] for index in range(count)]


def _alternating(stage: Stage) -> Callable[[int], list[str | None]]:
    """Two keys in turn, for a verifier that remembers one: every look-up goes to the database."""
    other = stage.service.issue_key(name="other", scopes=["reports:read"], by=system()).text
    return _cycling([stage.key, other])


if __name__ == "__main__":
    main()
