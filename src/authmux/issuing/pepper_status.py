"""How things stand with one pepper, in this process and in the store (K-13)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PepperStatus:
    """One pepper, known here or in the store.

    Arguments:
        pepper_id: "" stands for none: what was imported and not used since (K-14).
        is_known: whether it is configured here.
        is_current: whether it is the one under which is issued here.
        is_right: whether it is the one that the store knows under this id; None where one of the two knows none.
        live_secrets: how many secrets that still prove something are under it. An old pepper may go when none is.
    """

    pepper_id: str
    is_known: bool
    is_current: bool
    is_right: bool | None
    live_secrets: int
