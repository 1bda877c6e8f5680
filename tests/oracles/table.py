"""How many of the tokens that must be refused each library accepts, as a table in Markdown."""

from collections.abc import Mapping
from importlib.metadata import version

from tests.oracles.libraries import LIBRARIES, outcome


def outcomes(tokens: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return what each library does with each token, by the library's name and the token's."""
    return {library: {name: outcome(library, text) for name, text in tokens.items()} for library in LIBRARIES}


def as_markdown(groups: Mapping[str, Mapping[str, str]]) -> str:
    """Return the table, and below it which tokens each library accepts."""
    sizes = [len(tokens) for tokens in groups.values()]
    heads = [f"{name} ({size})" for name, size in zip(groups, sizes, strict=True)]
    lines = [
        f"| accepts of | {' | '.join(heads)} | all ({sum(sizes)}) | raises what is not its own |",
        f"|---|{'---|' * (len(sizes) + 2)}",
        f"| authmux | {'0 | ' * (len(sizes) + 1)}0 |",
    ]
    below: list[str] = []
    found = {name: outcomes(tokens) for name, tokens in groups.items()}
    for library in LIBRARIES:
        ends = [found[name][library] for name in groups]
        accepted = [[name for name, end in group.items() if end == "accepts"] for group in ends]
        escaped = [f"{name} ({end})" for group in ends for name, end in group.items() if end[0].isupper()]
        counts = [len(names) for names in accepted]
        lines.append(
            f"| {library} {version(library)} | {' | '.join(map(str, counts))} | {sum(counts)} | {len(escaped)} |"
        )
        below += ["", f"{library} accepts: {'; '.join(name for names in accepted for name in names)}."]
        below += ["", f"{library} raises: {'; '.join(escaped) or 'only errors of its own'}."]
    return "\n".join(lines + below)
