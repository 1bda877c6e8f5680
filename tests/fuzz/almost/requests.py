"""Header values, whole requests and query strings that are almost right."""

import base64

from hypothesis import strategies as st

from tests.fuzz.almost.mutation import joined, mostly, mutated, texts
from tests.fuzz.almost.tokens import credentials, jwts, opaque
from tests.fuzz.fixed import KEY_TEXT, OPAQUE_TEXTS, PAT_TEXT, jwt_text

_tokens = texts(*OPAQUE_TEXTS, jwt_text(), "abc", "a=", "=a", "a b") | credentials
_schemes = texts(
    "Bearer", "bearer", "ApiKey", "api-key", "Token", "Basic", "Digest", "Negotiate", "Bear", "Bearer2", ""
)
_between = mostly(st.just(b" "), texts("", "  ", "\t", " \t", ", ", "=", "\0", "\x0b", "\xa0"))
_blanks = mostly(st.just(b""), texts(" ", "\t ", "\n", "\r\n"))
_one = st.builds(
    lambda *parts: b"".join(parts),
    *(_blanks, mostly(_schemes, mutated(_schemes)), _between, mostly(_tokens, mutated(_tokens)), _blanks),
)
_basic = st.builds(
    lambda scheme, between, pair: scheme + between + base64.b64encode(pair),
    *(
        texts("Basic", "basic", "BASIC"),
        _between,
        mutated(joined(b":", texts("", "user") | _tokens, texts("", "x") | _tokens)),
    ),
)
authorizations = mutated(mostly(_one | _basic, joined(b",", _one, _one) | st.just(b"A" * 20_000)))
_offers = mutated(
    st.lists(_tokens.map(lambda token: b"bearer." + token) | texts("chat", "bearer.", ""), max_size=3).map(b", ".join)
)
_bare = mutated(_blanks | _tokens)
headers = mostly(
    authorizations,
    joined(b"\n\n", authorizations | st.just(b""), _bare)
    | joined(b"\n\n", authorizations | st.just(b""), st.just(b"") | _bare, _offers),
    one_in=3,
)
"""An `Authorization` value, and behind an empty line each perhaps those of X-API-Key and Sec-WebSocket-Protocol."""

_lines = st.one_of(
    authorizations.map(lambda value: b"Authorization:" + value),
    mutated(_tokens).map(lambda value: b"X-API-Key:" + value),
    texts(
        "Accept: */*", "Cookie: a=b", "Author_ization: Bearer a", "HTTP_AUTHORIZATION: a", "Sec-Fetch-Site: cross-site"
    ),
    mutated(texts("Origin: https://a.example", "Host: a", "Content-Length: 1", "X: y")),
)
_paths = mutated(
    texts("/", "/any", "/read", "/write", "/users", "/pats", "/open", "/any/", "//any", "/%61ny", "/../any")
)
_values = mutated(
    texts(KEY_TEXT, PAT_TEXT, jwt_text(), "a", "", KEY_TEXT.replace("_", "%5F"), "%61cme" + KEY_TEXT[4:]) | opaque
)
_names = mutated(texts("q", "access_token", "api_key", "access%5Ftoken", KEY_TEXT, ""))
queries = mutated(st.lists(mostly(joined(b"=", _names, _values), _names), max_size=4).map(b"&".join))
requests = st.builds(
    lambda method, path, query, lines: b"\n".join([method + b" " + path.replace(b"\n", b"") + b"?" + query, *lines]),
    texts("GET", "GET", "HEAD", "POST", "OPTIONS"),
    _paths,
    mostly(st.just(b""), queries),
    st.lists(_lines, max_size=3),
)
"""A request as lines: method and target, and then the headers; whatever bytes these are."""

log_texts = mutated(
    st.lists(jwts | opaque | queries | st.binary(max_size=20), max_size=4).flatmap(
        lambda parts: texts(" ", "", "_", "%", '"', "\n", "a").map(lambda between: between.join(parts))
    )
)
"""Texts with credentials in them, as they leak into logs."""

public_paths = mutated(
    texts("/health", "/docs/", "/docs", "/docs/a", "/docs/../any", "/docs/./a", "/docs//any", "/docs/%2e%2e/a")
    | texts("/docs/..;/a", "/docs\\..\\a", "/health/", "/HEALTH", "//health", "/docs/a/..", "", "/docs/.../a", "/docsa")
)
