"""Read a curl line, send it, and return what curl would have printed: the tests need no curl on the machine."""

import argparse
import base64
import http.client
import shlex
from collections.abc import Mapping
from string import Template
from typing import Final
from urllib.parse import urlsplit

_TIMEOUT: Final = 20.0

_CURL = argparse.ArgumentParser(prog="curl", exit_on_error=False)
_CURL.add_argument("url")
_CURL.add_argument("-i", "--include", action="store_true")
_CURL.add_argument("-s", "--silent", action="store_true")
_CURL.add_argument("-X", "--request", dest="method")
_CURL.add_argument("-H", "--header", dest="headers", action="append", default=[])
_CURL.add_argument("-d", "--data", action="append", default=[])
_CURL.add_argument("-u", "--user")


def curl(line: str, variables: Mapping[str, str], *, port: int) -> str:
    """Send what a curl line says, and return what it would print.

    Arguments:
        variables: the shell's, filled in where the line names them.
        port: where the server is that the line looks for at port 8000.
    """
    command = _CURL.parse_args(shlex.split(Template(line).substitute(variables))[1:])
    url = urlsplit(command.url if "://" in command.url else f"http://{command.url}")
    assert url.hostname in ("localhost", "127.0.0.1"), "the pages call nobody but themselves"
    connection = http.client.HTTPConnection("127.0.0.1", port if url.port == 8000 else url.port, timeout=_TIMEOUT)
    try:
        connection.request(
            command.method or ("POST" if command.data else "GET"),
            (url.path or "/") + (f"?{url.query}" if url.query else ""),
            body="&".join(command.data) or None,
            headers=_headers(command),
        )
        return _printed(connection.getresponse(), with_headers=command.include)
    finally:
        connection.close()


def _headers(command: argparse.Namespace) -> dict[str, str]:
    headers = {"Accept": "*/*"}
    if command.data:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    if command.user:
        headers["Authorization"] = f"Basic {base64.b64encode(command.user.encode()).decode()}"
    for header in command.headers:
        name, _, value = header.partition(":")
        headers[name] = value.strip()
    return headers


def _printed(answer: http.client.HTTPResponse, *, with_headers: bool) -> str:
    body = answer.read().decode()
    if not with_headers:
        return body
    version = "1.1" if answer.version == 11 else "1.0"
    headers = "".join(f"{name}: {value}\n" for name, value in answer.getheaders())
    return f"HTTP/{version} {answer.status} {answer.reason}\n{headers}\n{body}"
