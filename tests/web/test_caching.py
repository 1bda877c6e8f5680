"""No shared cache gives one caller's answer to another (K-82, RFC 9111)."""

import pytest

from authmux.web.caching import Headers, kept_apart

HEADER = b"x-api-key"
VARY = (b"vary", HEADER)
PRIVATE = (b"cache-control", b"private")


def added(headers: Headers, *, is_private: bool) -> Headers:
    """Return the headers that were added; those of the application come first and stay as they were."""
    before = list(headers)
    after = kept_apart(headers, header=HEADER, is_private=is_private)
    assert after[: len(before)] == before
    assert headers == before, "the application's own list was changed"
    return after[len(before) :]


VARIES: dict[str, tuple[Headers, Headers]] = {
    "none": ([], [VARY]),
    "other": ([(b"vary", b"Accept")], [VARY]),
    "others": ([(b"vary", b"Accept, Cookie"), (b"Vary", b"Origin")], [VARY]),
    "alike": ([(b"vary", b"X-API-Key-2")], [VARY]),
    "itself": ([(b"vary", b"x-api-key")], []),
    "in-other-case": ([(b"VARY", b"X-Api-Key")], []),
    "in-a-list": ([(b"vary", b"Accept,X-API-Key , Cookie")], []),
    "in-the-second": ([(b"vary", b"Accept"), (b"Vary", b"X-API-Key")], []),
    "everything": ([(b"vary", b" * ")], []),
}


@pytest.mark.parametrize(("headers", "more"), VARIES.values(), ids=VARIES)
def test_vary(headers: Headers, more: Headers) -> None:
    """Every answer says that it depends on the header, once, whoever asked."""
    assert added(headers, is_private=False) == more


CONTROLS: dict[str, tuple[Headers, Headers]] = {
    "none": ([], [PRIVATE]),
    "public": ([(b"cache-control", b"public, max-age=60")], [PRIVATE]),
    "max-age": ([(b"cache-control", b"max-age=60")], [PRIVATE]),
    "no-cache": ([(b"cache-control", b"no-cache")], [PRIVATE]),
    "private": ([(b"Cache-Control", b"max-age=60, Private")], []),
    "no-store": ([(b"cache-control", b"no-store")], []),
    "no-store-in-the-second": ([(b"cache-control", b"max-age=0"), (b"CACHE-CONTROL", b"no-store")], []),
    "private-for-a-field": ([(b"cache-control", b'private="set-cookie"')], [PRIVATE]),
    "alike": ([(b"cache-control", b"x-private")], [PRIVATE]),
}


@pytest.mark.parametrize(("headers", "more"), CONTROLS.values(), ids=CONTROLS)
def test_cache_control(headers: Headers, more: Headers) -> None:
    """The answer to a caller who was known by the header is for him alone; what the application said stays beside."""
    assert added([VARY, *headers], is_private=True) == more


@pytest.mark.parametrize(("headers", "more"), CONTROLS.values(), ids=CONTROLS)
def test_others_may_be_cached(headers: Headers, more: Headers) -> None:
    """An answer to nobody, or to a caller known otherwise, may be cached as the application says."""
    assert added([VARY, *headers], is_private=False) == []
