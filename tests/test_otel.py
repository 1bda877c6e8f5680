"""Metrics through OpenTelemetry, read as an exporter reads them: few labels, and nothing of a token (B-74)."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint

from authmux import Authenticator
from authmux.flow import run
from authmux.otel import OpenTelemetry
from authmux.testing import LocalIssuer
from authmux.verifying.jwt import JWTVerifier
from tests.jose.token_maker import AUDIENCE

Labels = tuple[tuple[str, object], ...]


class Meter:
    """A provider of meters whose numbers a test reads."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self.provider = MeterProvider([self._reader])

    def read(self, name: str) -> dict[Labels, float]:
        """Return a metric's numbers by their labels."""
        data = self._reader.get_metrics_data()
        found: dict[Labels, float] = {}
        for resource in data.resource_metrics if data is not None else ():
            for metric in (each for scope in resource.scope_metrics for each in scope.metrics):
                for point in metric.data.data_points if metric.name == name else ():
                    assert isinstance(point, NumberDataPoint)
                    found[tuple(sorted((point.attributes or {}).items()))] = point.value
        return found


@contextmanager
def meter() -> Iterator[Meter]:
    made = Meter()
    try:
        yield made
    finally:
        made.provider.shutdown()


def test_requests_are_counted() -> None:
    """B-74: requests are counted by what became of them, with the short reason of a refusal."""
    with meter() as read:
        observer = OpenTelemetry(read.provider)
        for _ in range(3):
            observer.accepted("jwt")
        observer.accepted("key")
        observer.absent()
        observer.refused("InvalidCredential", "exp")
        observer.refused("Unavailable", "issuer_unreachable")
        assert read.read("authmux.requests") == {
            (("kind", "jwt"), ("outcome", "accepted")): 3,
            (("kind", "key"), ("outcome", "accepted")): 1,
            (("outcome", "absent"),): 1,
            (("outcome", "InvalidCredential"), ("reason", "exp")): 1,
            (("outcome", "Unavailable"), ("reason", "issuer_unreachable")): 1,
        }


def test_issuers_are_watched() -> None:
    """B-74: how old an issuer's keys are, how many, and how fetches ended, are told whenever the meter is read."""
    with meter() as read, LocalIssuer(algorithm="ES256", audience=AUDIENCE) as issuer:
        authenticator = Authenticator(JWTVerifier(issuer=issuer.url, audience=AUDIENCE))
        OpenTelemetry(read.provider).watch(authenticator)
        labels: Labels = (("issuer", issuer.url),)
        assert read.read("authmux.issuer.keys") == {labels: 0}
        assert read.read("authmux.issuer.key_age") == {}
        assert run(authenticator.ready())
        assert read.read("authmux.issuer.keys") == {labels: 1}
        assert 0 <= read.read("authmux.issuer.key_age")[labels] < 60
        assert read.read("authmux.issuer.failures") == {labels: 0}
        assert read.read("authmux.issuer.fetches") == {(("issuer", issuer.url), ("outcome", "fetched")): 1}


@pytest.mark.parametrize("kind", ["key", "pat", "jwt", "opaque"])
def test_every_kind(kind: str) -> None:
    """B-74: a label is one of few words, whatever was sent."""
    with meter() as read:
        OpenTelemetry(read.provider).accepted(kind)
        assert list(read.read("authmux.requests")) == [(("kind", kind), ("outcome", "accepted"))]


def test_the_global_provider() -> None:
    """Without a provider the application's own one is used; where it has none, counting does nothing."""
    observer = OpenTelemetry()
    observer.accepted("jwt")
    observer.watch(Authenticator(JWTVerifier(issuer="https://idp.example", audience=AUDIENCE)))
