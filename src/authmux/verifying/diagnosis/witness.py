"""`Witness`: the verifier's own way over HTTP, which also notes what was asked and what came."""

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from urllib3.response import HTTPResponse
from urllib3.util import Url

from authmux.verifying.fetch import Fetched, FetchFailed
from authmux.verifying.http_fetch import HTTPFetch


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question, and what came of it.

    Arguments:
        url: what was asked.
        answer: the document, or None.
        failure: why there is none, or None.
        status, headers: of the answer, also where it is no document; names are lower case. None for no answer at all.
        began, ended: wall-clock seconds between which it was answered.
    """

    url: str
    answer: Fetched | None
    failure: FetchFailed | None
    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    began: float
    ended: float

    @property
    def cause(self) -> str:
        """Return what the system or the TLS library said of a failure, in a few words; empty if nothing."""
        said = (_words(each) for each in _chain(self.failure.__cause__ if self.failure else None))
        return next((words for words in said if words), "")


class Witness(HTTPFetch):
    """Fetches with every guard of `HTTPFetch`, whose arguments it takes; `asked` has all questions, in order."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.asked: list[Asked] = []
        self._heard: list[tuple[int, Mapping[str, str]]] = []

    def __call__(self, url: str, headers: Mapping[str, str], /, *, form: bytes | None = None) -> Fetched:
        """Fetch, and note it."""
        call = copy(self)  # what an exchange hears that was given up is not the next one's
        call._heard = []  # noqa: SLF001  # its own
        began = self._clock.time()
        try:
            answer = HTTPFetch.__call__(call, url, headers, form=form)
        except FetchFailed as failure:
            self._note(url, call, began, failure=failure)
            raise
        self._note(url, call, began, answer=answer)
        return answer

    def _note(
        self,
        url: str,
        call: "Witness",
        began: float,
        *,
        answer: Fetched | None = None,
        failure: FetchFailed | None = None,
    ) -> None:
        status, headers = call._heard[0] if call._heard else (None, {})  # noqa: SLF001  # its own
        ended = self._clock.time()
        self.asked.append(
            Asked(url=url, answer=answer, failure=failure, status=status, headers=headers, began=began, ended=ended)
        )

    def _receive(self, response: HTTPResponse, *, target: Url, is_conditional: bool) -> Fetched:
        headers = {name.lower(): value.strip() for name, value in response.headers.itermerged()}
        self._heard.append((response.status, headers))
        return super()._receive(response, target=target, is_conditional=is_conditional)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Return an error, what it was raised from, and what it holds, as urllib3's do."""
    for _ in range(8):
        if error is None:
            return
        yield error
        yield from (each for each in error.args if isinstance(each, BaseException))
        error = error.__cause__ or error.__context__


def _words(error: BaseException) -> str:
    for name in ("verify_message", "reason", "strerror"):
        words = getattr(error, name, None)
        if isinstance(words, str) and words:
            return words.lower().replace("_", " ") if words.isupper() else words.rstrip(".")
    return ""
