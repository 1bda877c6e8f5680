"""What is remembered of a JWT that was verified, and until when it may be believed again (B-60)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from authmux.errors import InvalidCredential
from authmux.jose.compact import Header
from authmux.principal import Principal
from authmux.stores.denial import DenialsVersion, Denied, Target

if TYPE_CHECKING:  # PyJWT stands behind it, which `import authmux` does not load
    from authmux.jose.jwk import PublicKey
    from authmux.jose.key_set import KeySet


@dataclass(slots=True, kw_only=True)  # not frozen: one is made for every new token
class Verdict:
    """A full success; refusals are never remembered (B-62).

    Arguments:
        principal: who it was.
        header: which key the token names.
        key: the one that signed.
        keys: the set in which that name last meant that key.
        not_before: wall-clock seconds before which it does not hold.
        not_after: wall-clock seconds from which on it does not hold.
        length: characters of the token; a verdict takes up to thirty times as many bytes.
        allowed_by: the version of the denials among which it was looked up; None before that.
    """

    principal: Principal
    header: Header
    key: "PublicKey"
    keys: "KeySet | None"
    not_before: float
    not_after: float
    length: int
    allowed_by: DenialsVersion | None = None

    def is_in_time(self, now: float) -> bool:
        """Return whether it holds at this moment."""
        return self.not_before <= now < self.not_after

    def targets(self) -> tuple[Target, ...]:
        """Return the names by which its key may be refused (B-43): the key's own, whatever the token calls it."""
        names = (self.key.thumbprint, self.key.kid)
        return tuple(Target(Denied.KEY, self.principal.issuer, name) for name in names if name is not None)

    def holds_in(self, keys: "KeySet") -> bool:
        """Return whether the token's header still names the key that signed it, as for a token that is new (B-60)."""
        if keys is self.keys:
            return True
        try:
            key = keys.choose(self.header.alg, self.header.kid)
            if key is None or _name_of(key) != _name_of(self.key):
                return False
            key.check_certificates(self.header.certificates)
        except InvalidCredential:
            return False
        self.keys = keys
        return True


def _name_of(key: "PublicKey") -> tuple[str, str | None, str | None]:
    """Return all that a key is known and refused by (B-21, B-43)."""
    return key.thumbprint, key.kid, key.issuer
