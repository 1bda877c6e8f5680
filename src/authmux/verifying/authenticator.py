"""`Authenticator`: hands a credential to the one verifier that knows its shape, and to no other (B-03)."""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from authmux.clock import SYSTEM_CLOCK, Clock
from authmux.credential import PresentedCredential
from authmux.errors import ConfigurationError, Fault, InvalidCredential
from authmux.flow import Flow, awaits
from authmux.foreign_shape import ForeignShape, require_disjoint
from authmux.observer import Observer, Recorder
from authmux.principal import Principal
from authmux.stores.denial_store import AsyncDenialStore, DenialStore
from authmux.verifying.denials import Denials, Undenied
from authmux.verifying.health import Health
from authmux.verifying.issuer_resolver import IssuerResolver
from authmux.verifying.issuers import IssuerTable
from authmux.verifying.opaque import OpaqueVerifier
from authmux.verifying.verifier import Confirms, IssuerVerifier, Verifier

AnyVerifier: TypeAlias = Verifier | IssuerVerifier | IssuerResolver
"""What an `Authenticator` is made of."""


class Authenticator:
    """Knows every kind of credential that the application takes.

    Arguments:
        verifiers: for your own tokens, and a `JWTVerifier` for each issuer; in any order. An `IssuerResolver` finds
            those of issuers that are known only at run time.
        remember: how many verdicts on JWTs to hold in memory, of 1 to 3 KB each, for five minutes at most. By default
            4096, for a caller sends one token many times, and a verdict spares verifying its signature again. 0 holds
            none: each token is verified on each request (B-60).
        require_keys_at_start: have `start` fetch the keys of every issuer, and fail where one cannot be asked; each is
            asked once. False by default: an issuer that is away would keep all that needs no JWT from starting too,
            and its tokens are answered 503 until it is back. Issuers of an `IssuerResolver` are not known yet (B-40).
        denials: the store whose denials count for JWTs, and for whatever else is no key or PAT (B-64);
            `TokenService.deny` makes them. By default there are none.
        observer: is told what becomes of every request; `authmux.otel.OpenTelemetry` counts.
        recorder: writes down which credentials are used, off the request path: a `UsageRecorder` (K-70).
        clock: where time comes from.

    Raises:
        ConfigurationError: there is none, or two are for the same credentials.

    A credential goes to the verifier that recognises its shape. No other is ever tried: a credential that is bad is
    bad, and nothing is looked up for a shape that nobody knows.
    """

    def __init__(
        self,
        *verifiers: AnyVerifier,
        remember: int = 4096,
        require_keys_at_start: bool = False,
        denials: DenialStore | AsyncDenialStore | None = None,
        observer: Observer | None = None,
        recorder: Recorder | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.verifiers: Final = verifiers
        self.observer = observer
        self.recorder = recorder
        issuers = [each for each in verifiers if isinstance(each, IssuerVerifier)]
        resolvers = [each for each in verifiers if isinstance(each, IssuerResolver)]
        others: list[Verifier] = [each for each in verifiers if not isinstance(each, IssuerVerifier | IssuerResolver)]
        if not verifiers or remember < 0:
            raise ConfigurationError("an Authenticator takes at least one verifier, and remembers no verdict or some")
        if len(resolvers) > 1:
            raise ConfigurationError("an Authenticator takes one IssuerResolver: have it look in several places")
        denied = None if denials is None else Denials(denials, clock=clock)
        if denied is not None:
            others = [each if isinstance(each, OpaqueVerifier) else Undenied(each, denied) for each in others]
        self._issuers = None
        if issuers or resolvers:
            resolver = resolvers[0] if resolvers else None
            self._issuers = IssuerTable(
                issuers, resolver=resolver, denials=denied, remember=remember, require_keys=require_keys_at_start,
                clock=clock,
            )  # fmt: skip
        if self._issuers is not None:
            others.append(self._issuers)
        self._marks = _marks_of(others)
        self._foreign_shapes: tuple[ForeignShape, ...] = tuple(
            shape for each in others for shape in getattr(each, "foreign_shapes", ())
        )
        require_disjoint(self._foreign_shapes, jwts=self._issuers is not None)
        # Those whose credentials have no shape of their own are asked last (B-03).
        self._verifiers: tuple[Verifier, ...] = tuple(
            sorted(others, key=lambda each: getattr(each, "takes_the_rest", False))
        )

    def verify(self, credential: PresentedCredential) -> Flow[Principal]:
        """Return who brings a credential; drive it with `run` or `run_async`.

        Raises:
            InvalidCredential: it is not good, or of a shape that no verifier knows.
            Unavailable: it could not be checked.
        """
        text = credential.text
        for verifier in self._verifiers:
            if verifier.recognises(text):
                return verifier.verify(credential)
        raise InvalidCredential(Fault.MALFORMED, "unknown_shape")

    def confirm(self, principal: Principal, credential: PresentedCredential) -> Flow[None]:
        """Return if the server that issued a JWT calls it good at this moment (B-65).

        A key or a PAT is ours, and what was said of it is true now.

        Raises:
            InvalidCredential: it does not.
            Unavailable: it cannot be asked.
            ConfigurationError: there is no `IntrospectionVerifier` for its issuer.
        """
        if self.is_key_or_pat(credential.text):
            return
        for verifier in self.verifiers:
            if isinstance(verifier, Confirms) and verifier.issuer == principal.issuer:
                yield from verifier.confirm(principal, credential)
                return
        raise ConfigurationError(
            f"a guard has introspect=True, and there is no IntrospectionVerifier for the issuer {principal.issuer!r}"
        )

    def is_key_or_pat(self, text: str) -> bool:
        """Return whether a text begins as one of our own tokens does, which may stand in more places than a JWT."""
        return text.startswith(self._marks)

    def is_ours(self, text: str) -> bool:
        """Return whether a text looks like a credential that one of the verifiers would judge, good or bad."""
        if self.is_key_or_pat(text) or any(shape.recognises(text) for shape in self._foreign_shapes):
            return True
        return self._issuers is not None and self._issuers.knows_issuer_of(text)

    def start(self) -> Flow[None]:
        """Check every verifier, as far as that is possible before the first request; safe to call twice.

        The faces do it: on WSGI where the middleware is made, before a server forks its workers; on ASGI when the
        lifespan begins. With `require_keys_at_start` the keys are fetched by the caller itself: there is no thread that
        a fork would lose, and every worker begins with the keys and asks for newer ones.

        Raises:
            ConfigurationError: one of them could never work, or keys that are required cannot be had.
        """
        for verifier in self._verifiers:
            yield from verifier.start()

    def preload(self) -> None:
        """Begin to fetch issuers' keys, without waiting (B-40); the faces do it with the first request.

        It starts threads, so it is for a process that will not fork any more (B-41).
        """
        if self._issuers is not None:
            self._issuers.preload()

    def ready(self) -> Flow[bool]:
        """Return whether the keys of every issuer are there, after waiting a few seconds for each (B-40).

        Drive it with `run` or `run_async`, once the server has forked. An issuer that is away is no reason not to
        start: its tokens are answered 503 until it is back.
        """
        self.preload()
        if self._issuers is not None:
            yield from self._issuers.ready()
        return self.health().is_ready

    def health(self) -> Health:
        """Return how things stand with the keys of every issuer, without waiting (B-74)."""
        return self._issuers.health() if self._issuers is not None else Health(issuers=())

    def require_blocking(self) -> None:
        """Return if a blocking face can use every verifier.

        Raises:
            ConfigurationError: one of them asks a function that awaits.
        """
        for function in self._ports():
            if awaits(function):
                raise ConfigurationError(
                    f"{getattr(function, '__qualname__', function)} awaits, and a WSGI application blocks: give the"
                    " verifiers and the recorder a blocking store"
                )

    def _ports(self) -> list[Callable[..., object]]:
        verified = [function for verifier in self._verifiers for function in verifier.ports()]
        return verified + list(self.recorder.ports() if self.recorder is not None else ())


def _marks_of(verifiers: Sequence[Verifier]) -> tuple[str, ...]:
    """Return how tokens of our own begin.

    Raises:
        ConfigurationError: two verifiers are for the same ones: the second would never be asked.
    """
    if sum(getattr(verifier, "takes_the_rest", False) for verifier in verifiers) > 1:
        raise ConfigurationError("two verifiers take whatever has no shape: the second would never be asked")
    marks = tuple(mark for verifier in verifiers for mark in getattr(verifier, "marks", ()))
    if len(marks) != len(set(marks)):
        raise ConfigurationError("two verifiers are for the same kind of token, under the same prefix")
    return marks
