"""Metrics through OpenTelemetry: `pip install "authmux[otel]"`, and `Authenticator(…, observer=OpenTelemetry())`.

Its numbers: `authmux.requests` by outcome, kind and reason, and for each issuer `authmux.issuer.key_age`, `.keys`,
`.failures` and `.fetches`. Labels are few and fixed: never a token, an id, or the name of an issuer that is not yours.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation, get_meter_provider

from authmux.verifying.authenticator import Authenticator
from authmux.verifying.health import IssuerHealth

_PREFIX: Final = "authmux"


class OpenTelemetry:
    """An observer that counts requests.

    Arguments:
        provider: where meters come from; the global one by default.
    """

    def __init__(self, provider: MeterProvider | None = None) -> None:
        self._meter = (provider or get_meter_provider()).get_meter("authmux")
        self._requests = self._meter.create_counter(
            f"{_PREFIX}.requests", unit="{request}", description="Requests, by what became of their credential."
        )

    def accepted(self, kind: str) -> None:
        """Count a good credential."""
        self._requests.add(1, {"outcome": "accepted", "kind": kind})

    def absent(self) -> None:
        """Count a request without a credential."""
        self._requests.add(1, {"outcome": "absent"})

    def refused(self, outcome: str, reason: str) -> None:
        """Count a refusal."""
        self._requests.add(1, {"outcome": outcome, "reason": reason})

    def watch(self, authenticator: Authenticator) -> None:
        """Tell how the issuers are, whenever the meter is read; call it once."""

        def each(value: Callable[[IssuerHealth], float | None]) -> Callable[[CallbackOptions], Iterable[Observation]]:
            def observe(_: CallbackOptions) -> Iterator[Observation]:
                for health in authenticator.health().issuers:
                    told = value(health)
                    if told is not None:
                        yield Observation(told, {"issuer": health.issuer})

            return observe

        def fetches(_: CallbackOptions) -> Iterator[Observation]:
            for health in authenticator.health().issuers:
                for outcome, count in health.fetches.items():
                    yield Observation(count, {"issuer": health.issuer, "outcome": outcome})

        gauge, name = self._meter.create_observable_gauge, f"{_PREFIX}.issuer"
        gauge(f"{name}.key_age", [each(lambda health: health.age)], unit="s")
        gauge(f"{name}.keys", [each(lambda health: health.keys)], unit="{key}")
        gauge(f"{name}.failures", [each(lambda health: health.failures)], unit="{attempt}")
        self._meter.create_observable_counter(f"{name}.fetches", [fetches], unit="{attempt}")
