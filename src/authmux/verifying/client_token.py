"""The token with which this API shows who it is, to an issuer that tells its keys to nobody else (B-54)."""

import logging
import os
import re
from typing import Final

from authmux.errors import ConfigurationError

_log = logging.getLogger("authmux.fetch")

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 §2.1


class ClientToken:
    """A bearer token in a file, which is read anew each time: Kubernetes replaces it every hour.

    Raises:
        ConfigurationError: there is none in the file at the start.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        try:
            self._read()
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"token_file {self._path!r} cannot be used: {error}") from None

    def headers(self) -> dict[str, str]:
        """Return what is to be sent; nothing where the file cannot be read, so that the issuer says why not."""
        try:
            return {"authorization": f"Bearer {self._read()}"}
        except (OSError, ValueError) as error:
            _log.error("the token file %s cannot be used: %s", self._path, error)
            return {}

    def _read(self) -> str:
        with open(self._path, encoding="ascii", errors="replace") as file:
            token = file.read(64 * 1024).strip()
        if not _TOKEN.fullmatch(token):
            raise ValueError("there is no bearer token in it")
        return token
