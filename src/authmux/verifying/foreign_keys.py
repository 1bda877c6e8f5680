"""Keys that another library made, on their way to being ours: known by their shape, proved by its digest (K-14)."""

from collections.abc import Collection, Iterable
from functools import partial

from authmux.clock import Clock
from authmux.errors import Unavailable
from authmux.flow import Flow, wait
from authmux.foreign_shape import ForeignShape, require_disjoint
from authmux.forking import renew_after_fork
from authmux.stores.foreign import ForeignName
from authmux.stores.record import Record, Secret
from authmux.token_format import TokenFormat
from authmux.verifying.foreign_check import SLOW, matches, require_installed
from authmux.verifying.slow_checks import SlowChecks


class ForeignKeys:
    """The shapes that one verifier takes, and how a text of one of them is proved.

    Arguments:
        shapes: no text is of two of them, nor one of ours.
        tokens: the format of ours, with the peppers.
        patience: seconds to wait for a digest that takes long.
        clock: for how often such a one is computed.

    Raises:
        ConfigurationError: two shapes overlap, or a package is missing.
    """

    def __init__(self, shapes: Collection[ForeignShape], tokens: TokenFormat, *, patience: float, clock: Clock) -> None:
        self.shapes = tuple(shapes)
        require_disjoint(self.shapes, ours=tokens)
        require_installed(_algorithms_of(self.shapes))
        self._tokens = tokens
        self._patience = patience
        self._slow = SlowChecks(clock)
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Begin anew, in a child."""
        self._slow.after_fork()

    def shape_of(self, text: str) -> ForeignShape | None:
        """Return the shape that a text is of."""
        return next((shape for shape in self.shapes if shape.recognises(text)), None)

    def prove(self, record: Record, text: str, shape: ForeignShape) -> Flow[Secret | None]:
        """Return the generation that a text is of, the newest first.

        A digest is believed if it is ours, as after the first use, or of a kind that the shape lists.

        Raises:
            Unavailable: it takes long to compute, and cannot be now.
        """
        for secret in reversed(record.secrets):
            if secret.algorithm in shape.algorithms:
                is_right = yield from self._check(record, secret, text)
            else:
                is_right = self._tokens.matches(text, secret.digest, pepper_id=secret.pepper_id)
            if is_right:
                return secret
        return None

    def _check(self, record: Record, secret: Secret, text: str) -> Flow[bool]:
        if secret.algorithm not in SLOW:
            return matches(secret.algorithm, text, secret.digest)
        asked = self._tokens.digest(text, self._tokens.peppers.current)  # stands for the text, which nobody holds
        answer = partial(matches, secret.algorithm, text, secret.digest)
        try:
            return (yield from wait(self._slow.ask((record.id, secret.digest, asked), answer), timeout=self._patience))
        except TimeoutError:
            raise Unavailable("slow_digests_busy") from None


def name_of(text: str, shape: ForeignShape) -> ForeignName:
    """Return what the store knows a text by."""
    return ForeignName(shape.scheme, shape.locate(text))


def _algorithms_of(shapes: Iterable[ForeignShape]) -> set[str]:
    return set().union(*(shape.algorithms for shape in shapes))
