"""How a store answers among a million credentials: `make million`, `make million ARGS="--sizes 1000 100000"`.

Each database is filled to each size in turn, in a place of its own that is removed afterwards. The figures are of the
store's own methods, called one after the other: a look-up that no memory answers, pages of lists, and verbs.
"""

import argparse
import contextlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from authmux import Peppers, TokenFormat, TokenService, system
from authmux.stores.port import Query
from authmux.stores.record import Owner, OwnerType, State
from authmux.stores.sql import SQLStore
from authmux.token_format import Kind
from benchmarks.population import NOW, OWNERS, Population, fill
from tests.postgres import postgresql

RESULTS = Path(__file__).parent / "results" / "million.json"
SIZES = (1_000, 100_000, 1_000_000)
LOOK_UPS = 2_000
PAGES = 60
VERBS = 60
FEWEST = 5
ENOUGH = 5.0  # seconds: a call that is slow is called less often


@dataclass(frozen=True)
class Figure:
    """What one call costs at one size, in milliseconds: half of the calls took less than `p50`."""

    database: str
    size: int
    call: str
    p50: float
    p99: float


@dataclass(frozen=True)
class Fill:
    """What a size costs by itself."""

    database: str
    size: int
    seconds: float
    megabytes: float


def main() -> None:
    """Fill, measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="how many credentials, in turn")
    parser.add_argument("--databases", nargs="+", default=("sqlite", "postgresql"), choices=("sqlite", "postgresql"))
    arguments = parser.parse_args()
    fills: list[Fill] = []
    figures: list[Figure] = []
    for database in arguments.databases:
        with _place(database) as (url, megabytes), contextlib.closing(SQLStore(url)) as store:
            store.create_schema()
            population = Population()
            for size in sorted(arguments.sizes):
                begin = time.perf_counter()
                fill(url, population, size)
                fills.append(Fill(database, size, time.perf_counter() - begin, megabytes()))
                print(f"{database}: {size:,} credentials, {fills[-1].megabytes:,.0f} MB", flush=True)
                figures += [Figure(database, size, *each) for each in _measure(store, population)]
        _print([each for each in fills if each.database == database], figures)
    RESULTS.parent.mkdir(exist_ok=True)
    results = {"fills": [asdict(each) for each in fills], "figures": [asdict(each) for each in figures]}
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")


@contextlib.contextmanager
def _place(database: str) -> Iterator[tuple[str, Callable[[], float]]]:
    """Give an empty database, and how to know its size in megabytes."""
    if database == "sqlite":
        with tempfile.TemporaryDirectory(prefix="authmux-million-") as directory:
            path = Path(directory)
            yield f"sqlite:///{path}/keys.db", lambda: sum(each.stat().st_size for each in path.iterdir()) / 1e6
        return
    with postgresql() as server, server.connect() as psql:
        user = server.make_room()

        def megabytes() -> float:
            return float(psql.execute("SELECT pg_database_size(current_database())").fetchone()[0]) / 1e6

        yield server.url("psycopg", user), megabytes


def _measure(store: SQLStore, population: Population) -> Iterator[tuple[str, float, float]]:
    chosen = population.sample(LOOK_UPS)
    yield "find", *_time([partial(store.find, each) for each in chosen])
    yield "find, absent", *_time([partial(store.find, each[::-1]) for each in chosen])
    for name, query in _queries(population).items():
        pages = {"first page": None, "deep page": population.behind(0.9)}
        for page, after in pages.items():
            asked = replace(query, after=after, now=NOW)
            yield f"list {name}, {page}", *_time([partial(store.list, asked)] * PAGES)
    yield from _measure_verbs(store)


def _queries(population: Population) -> dict[str, Query]:
    middle = Owner(OwnerType.USER, "acme", f"user {OWNERS // 2 + 1}")
    return {
        "everything": Query(),
        "by owner": Query(owner=middle),
        "by owner nobody": Query(owner=Owner(OwnerType.NONE, "")),
        "by tenant": Query(tenant="tenant 7"),
        "tenantless": Query(tenantless=True),
        "by kind": Query(kind=Kind.KEY),
        "by kind, rare": Query(kind=Kind.PAT),
        "by env": Query(env="live"),
        "by env, rare": Query(env="canary"),
        "by maker": Query(created_by=population.maker),
        "by scope": Query(scope="reports:read"),
        "active": Query(state=State.ACTIVE),
        "expired": Query(state=State.EXPIRED),
        "disabled": Query(state=State.DISABLED),
        "revoked": Query(state=State.REVOKED),
        "deleted": Query(state=State.DELETED),
        "deleted before": Query(deleted_before=NOW - 86_400 * 30),
        "expires before": Query(expires_before=NOW + 86_400, state=State.ACTIVE),
        "created after": Query(created_after=NOW - 60),
    }


def _measure_verbs(store: SQLStore) -> Iterator[tuple[str, float, float]]:
    service = TokenService(store, TokenFormat(prefix="acme", peppers=Peppers({"p1": b"p" * 32})))
    names = iter(range(10**9))
    run = f"{time.time()}"
    issued: list[str] = []

    def issue() -> None:
        key = service.issue_key(
            name=f"{run} {next(names)}", scopes=["reports:read"], by=system(), client=f"client {next(names)}"
        )
        issued.append(key.record.id)

    yield "issue", *_time([issue] * VERBS)
    yield "roll", *_time([partial(service.roll, each, generation=1, by=system()) for each in issued])
    yield "revoke", *_time([partial(service.revoke, each, by=system()) for each in issued])


def _time(calls: list[Callable[[], object]]) -> tuple[float, float]:
    """Return the milliseconds that half of the calls, and all but a hundredth, take at most."""
    taken = []
    for call in calls:
        begin = time.perf_counter()
        call()
        taken.append((time.perf_counter() - begin) * 1e3)
        if len(taken) >= FEWEST and sum(taken) > ENOUGH * 1e3:
            break
    return statistics.median(taken), statistics.quantiles(taken, n=100)[98]


def _print(fills: list[Fill], figures: list[Figure]) -> None:
    """Print what was found of one database."""
    database = fills[0].database
    print(f"\n{database:<32}" + "".join(f"{each.size:>20,}" for each in fills))
    print(f"{'seconds to fill':<32}" + "".join(f"{each.seconds:>20.1f}" for each in fills))
    print(f"{'MB on disk':<32}" + "".join(f"{each.megabytes:>20,.0f}" for each in fills))
    print(f"{'milliseconds':<32}" + f"{'p50 / p99':>20}" * len(fills))
    for call in dict.fromkeys(each.call for each in figures if each.database == database):
        row = [each for each in figures if (each.database, each.call) == (database, call)]
        print(f"{call:<32}" + "".join(f"{each.p50:>11.2f} / {each.p99:<6.2f}" for each in row), flush=True)


if __name__ == "__main__":
    main()
