"""WebSocket handshakes: who is refused before the conversation, and with what."""

import json
import socket
from dataclasses import dataclass
from typing import Final

from tests.faces.callers import Answer, read_answers
from tests.faces.site import Bank
from tests.servers.verdict import NO_ANSWER, verdict_of

WITHOUT_DENIAL: Final = ("gunicorn-asgi",)
"""The servers without the extension for answering a handshake; they make every refusal a 403 (spec answers)."""

_UPGRADE: Final = (
    "Host: testserver",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """What is sent beside the upgrade, and the verdict; the door asks for `reports:read`."""

    id: str
    sent: tuple[str, ...] = ()
    verdict: str

    def expected(self, kind: str) -> str:
        """Return the verdict behind a server."""
        return self.verdict if kind not in WITHOUT_DENIAL or self.verdict.startswith("101") else "403 server"

    def run(self, port: int, bank: Bank) -> tuple[str, Answer]:
        """Send it; return the verdict, and the answer if it was a refusal."""
        lines = "\r\n".join(("GET /socket HTTP/1.1", *_UPGRADE, *self.sent, "", ""))
        heard = _hear(port, lines.format_map(bank).encode("latin-1"))
        if heard.startswith(b"HTTP/1.1 101 "):
            who = json.loads(heard[heard.rindex(b"{") : heard.rindex(b"}") + 1])["who"]
            return f"101 {who.partition(' ')[0]}", NO_ANSWER
        answer = read_answers(heard)[0] if heard else NO_ANSWER
        return verdict_of(answer), answer


def _hear(port: int, request: bytes) -> bytes:
    """Return what comes until the end of a JSON object, or until the server hangs up."""
    heard = b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request)
        while b"}" not in heard and (chunk := connection.recv(65_536)):
            heard += chunk
    return heard


HANDSHAKES: Final = (
    Handshake(id="ws-good", sent=("Authorization: Bearer {key.text}",), verdict="101 anonymous"),
    Handshake(id="ws-good-x-api-key", sent=("X-API-Key: {client.text}",), verdict="101 client"),
    Handshake(id="ws-nothing", verdict="401 missing_credential"),
    Handshake(id="ws-unknown", sent=("Authorization: Bearer {unknown.text}",), verdict="401 invalid_token"),
    Handshake(id="ws-bearer-alone", sent=("Authorization: Bearer",), verdict="400 invalid_request"),
    Handshake(id="ws-two", sent=("Authorization: Bearer a, Bearer b",), verdict="400 invalid_request"),
    Handshake(id="ws-lacks-scope", sent=("Authorization: Bearer {wildcard.text}",), verdict="403 insufficient_scope"),
    Handshake(id="ws-store-down", sent=("Authorization: Bearer {down.text}",), verdict="503 unavailable"),
)
