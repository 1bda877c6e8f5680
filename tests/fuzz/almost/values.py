"""Peppers, scopes, rows and forms that are almost right."""

import base64
import json

from hypothesis import strategies as st

from tests.fuzz.almost.json_text import literals, objects, odd_values
from tests.fuzz.almost.mutation import joined, mostly, mutated, texts
from tests.fuzz.almost.tokens import opaque

_pepper = st.binary(min_size=31, max_size=34).map(base64.b64encode) | texts("A" * 43 + "=", "A" * 44, "A" * 43, "A===")
_ids = mostly(texts("p1", "p2", "a-b"), texts("P1", "", "-", "\u00e9", "p" * 33, "A" * 44, "p1 x"))
peppers = mutated(st.lists(joined(b":", _ids, _pepper), max_size=3).map(b",".join))
pepper_files = mutated(
    st.lists(joined(b" ", _ids, _pepper), max_size=3).flatmap(
        lambda lines: texts("\n", "\r\n", "\n\n", "\x0b", "\x85").map(
            lambda end: b"".join(line + end for line in lines)
        )
    )
)

_scope = mutated(
    texts("reports:read", "reports:*", "*", "a", "a:b:c", "a/b.c-d_e:f", "A", "a:", ":a", "a:*b", "a*", "", "**")
)
scopes = mutated(st.lists(_scope, min_size=1, max_size=4).map(b" ".join))

_lists = mostly(
    literals("[]", '["a"]'),
    odd_values.map(json.dumps) | literals("{}", '""', "null", "0", "false", '{"a":1}'),
    one_in=3,
)
rows = objects(
    {
        "kind": literals("key", "pat", "sec", "KEY", ""),
        "owner_type": literals("user", "client", "none", "admin"),
        "scopes": literals("reports:read", "", "  a  b", "a\u2028b", "a\u00a0b", "*"),
        "resources": _lists,
        "allowed_cidrs": _lists,
        "allowed_origins": _lists,
        "meta": mostly(literals("{}", '{"a":[1]}'), odd_values.map(json.dumps), one_in=3),
        "tenant_id": literals(None, "acme", ""),
    },
    one_in=16,
)

_basic = mutated(texts("job:s3cret%2B%25", "job:s3cret+%", "job:", ":", "job", "", "\u00e9:\u00e9")).map(
    base64.b64encode
)
_heads = st.lists(
    mostly(
        st.just(b"Content-Type: application/x-www-form-urlencoded"), mutated(texts("Content-Type: text/plain; a=b; ="))
    )
    | joined(b" ", texts("Authorization: Basic", "Authorization: basic", "Authorization:"), mutated(_basic)),
    max_size=3,
).map(b"\n".join)
_fields = texts(
    "grant_type=client_credentials", "client_id=job", "client_secret=s3cret%2B%25", "scope=a+b", "scope=c",
    "audience=x", "resource=https://api.example.com", "=", "a", "scope=", "scope=a++b", "%", "client_id=%ff",
    "client_id=%ed%a0%80",
)  # fmt: skip
forms = mutated(joined(b"\n\n", _heads, mutated(st.lists(_fields, max_size=5).map(b"&".join))))

leaked = mutated(st.lists(opaque | st.binary(max_size=30), max_size=4).map(b" ".join))
"""Tokens as they lie about in files."""

_part = mutated(
    joined(b"", texts("0", "1", "90", "365", "9999999999", "01"), texts("", " "), texts("d", "h", "m", "weeks", "M"))
)
durations = mutated(
    st.lists(_part, max_size=3).flatmap(lambda parts: texts("", " ", ",").map(lambda between: between.join(parts)))
    | texts("P30D", "PT12H", "P1DT1H1M1S", "P1Y2M3W", "P", "PT", "P1DT", "p1d", "-1d", "1e5d", "never", "inf")
)

references = mutated(
    joined(
        b"",
        texts("", "key:", "PAT:", "acme_key_", "acme_pat_live_", "sec:", "acme_"),
        texts("5g2v9k0m3x7q1b8n", "5G2V9KOM3X7QIB8N", "5g2v9k0m3x7q1b8", "5g2v9k0m3x7q1b8nu", "uuuuuuuuuuuuuuuu"),
        texts("", "", "_" + "a" * 49, "_" + "a" * 16, "_***", "\n"),
    )
    | opaque
)
