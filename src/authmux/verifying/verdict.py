"""What is remembered of a JWT that was verified, and until when it may be believed again (B-60)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from authmux.errors import InvalidCredential
from authmux.jose.compact import Header
from authmux.principal import Principal
from authmux.stores.denial import Denied, DenyList, Target

if TYPE_CHECKING:  # PyJWT stands behind it, which `import authmux` does not load
    from authmux.jose.key_set import KeySet


@dataclass(slots=True, kw_only=True)  # not frozen: one is made for every new token
class Verdict:
    """A full success; refusals are never remembered (B-62).

    Arguments:
        principal: who it was.
        header: which key the token names.
        thumbprint: of the key that signed.
        key_issuer: whose that key says it is (B-21); None where it does not say.
        keys: the set in which that name last meant that key.
        not_before: wall-clock seconds before which it does not hold.
        not_after: wall-clock seconds from which on it does not hold.
        length: characters of the token; a verdict takes up to thirty times as many bytes.
        allowed_by: the denials among which it was looked up; None before that.
    """

    principal: Principal
    header: Header
    thumbprint: str
    key_issuer: str | None
    keys: "KeySet | None"
    not_before: float
    not_after: float
    length: int
    allowed_by: DenyList | None = None

    def is_in_time(self, now: float) -> bool:
        """Return whether it holds at this moment."""
        return self.not_before <= now < self.not_after

    def targets(self) -> tuple[Target, ...]:
        """Return the names by which its key may be refused (B-43)."""
        issuer, kid = self.principal.issuer, self.header.kid
        named = () if kid is None else (Target(Denied.KEY, issuer, kid),)
        return (Target(Denied.KEY, issuer, self.thumbprint), *named)

    def holds_in(self, keys: "KeySet") -> bool:
        """Return whether the token's header still names the key that signed it, as for a token that is new (B-60)."""
        if keys is self.keys:
            return True
        try:
            key = keys.choose(self.header.alg, self.header.kid)
            if key is None or key.thumbprint != self.thumbprint or key.issuer != self.key_issuer:
                return False
            key.check_certificates(self.header.certificates)
        except InvalidCredential:
            return False
        self.keys = keys
        return True
