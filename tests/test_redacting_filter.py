"""No handler that has the filter writes a credential, and none of them fails over it."""

import copy
import io
import logging
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, NoReturn

import pytest
from gunicorn.glogging import SafeAtoms  # type: ignore[import-untyped]
from uvicorn.logging import AccessFormatter

from authmux.redaction import RedactingFilter
from tests.test_redaction import JWT, KEY, MASKED_KEY


class Log:
    """What a handler writes that has the filter."""

    def __init__(self, formatter: logging.Formatter | None = None) -> None:
        self._written = io.StringIO()
        self.handler = logging.StreamHandler(self._written)
        self.handler.addFilter(RedactingFilter())
        self.handler.setFormatter(formatter)

    def write(self, record: logging.LogRecord) -> str:
        """Return what is written of a record."""
        self.handler.handle(record)
        return self._written.getvalue()


def record_of(msg: object, *args: object, exc_info: Any = None, **others: Any) -> logging.LogRecord:
    """Return a record as a logger makes it."""
    return logging.getLogger("tests").makeRecord("tests", logging.INFO, "f.py", 1, msg, args, exc_info, **others)


class Telling:
    """An object that tells a credential when it is printed."""

    def __str__(self) -> str:
        return f"sent {KEY}"

    __repr__ = __str__


RECORDS: dict[str, tuple[object, tuple[object, ...], str]] = {
    "message": (f"got {KEY}", (), f"got {MASKED_KEY}"),
    "argument": ("got %s", (KEY,), f"got {MASKED_KEY}"),
    "two": ("got %s and %s", (KEY, JWT), f"got {MASKED_KEY} and ***"),
    "names": ("got %(key)s", ({"key": KEY},), f"got {MASKED_KEY}"),
    "number": ("got %d %s", (1, KEY), f"got 1 {MASKED_KEY}"),
    "bytes": ("got %s", (KEY.encode(),), f"got b'{MASKED_KEY}'"),
    "list": ("got %s", ([KEY],), f"got ['{MASKED_KEY}']"),
    "deep": ("got %s", ({"headers": [KEY]},), f"got {{'headers': ['{MASKED_KEY}']}}"),
    "object": ("got %s", (Telling(),), f"got sent {MASKED_KEY}"),
    "repr": ("got %r", (Telling(),), f"got sent {MASKED_KEY}"),
    "exception": ("got %s", (ValueError(JWT),), "got ***"),
    "object-as-message": (Telling(), (), f"sent {MASKED_KEY}"),
    "dict-as-message": ({"key": KEY}, (), f"{{'key': '{MASKED_KEY}'}}"),
    "exception-as-message": (ValueError(KEY), (), MASKED_KEY),
    "pieces": ("acme_key_5g2v9k0m3x7q1b8n_%s", (KEY[-49:],), MASKED_KEY),
    "percent": ("100%% %s", (KEY,), f"100% {MASKED_KEY}"),
    "percent-without-arguments": (f"100% {KEY}", (), f"100% {MASKED_KEY}"),
    "nothing": ("plain %s", ("text",), "plain text"),
}


@pytest.mark.parametrize(("msg", "args", "written"), RECORDS.values(), ids=RECORDS)
def test_filter(msg: object, args: tuple[object, ...], written: str) -> None:
    """Whatever a record is made of, what is written of it is masked."""
    assert Log().write(record_of(msg, *args)) == f"{written}\n"


def test_filter_keeps_mistakes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A message whose arguments do not fit is reported by logging as ever, and without the credential."""
    monkeypatch.setattr(logging, "raiseExceptions", True)
    record = record_of("got %d", KEY)
    assert not Log().write(record)
    reported = capsys.readouterr().err
    assert "Logging error" in reported
    assert KEY not in reported
    assert MASKED_KEY in reported


def test_filter_on_uvicorn_s_access_log() -> None:
    """The formatter of uvicorn takes the five arguments apart: they stay five."""
    line = AccessFormatter("%(client_addr)s %(request_line)s %(status_code)s", use_colors=False)
    record = record_of('%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "GET", f"/?key={KEY}", "1.1", 200)
    assert Log(line).write(record) == f"127.0.0.1:1 GET /?key={MASKED_KEY} HTTP/1.1 200 OK\n"


def test_filter_on_gunicorn_s_access_log() -> None:
    """The mapping of gunicorn answers also for what it does not have, in any case: it stays what it is."""
    atoms = SafeAtoms({"r": f"GET /?key={KEY} HTTP/1.1", "{authorization}i": f"Bearer {JWT}", "s": 200})
    kept = copy.copy(atoms)
    record = record_of('"%(r)s" %(s)s "%({Authorization}i)s" "%({Referer}i)s" %(x)s', atoms)
    assert Log().write(record) == f'"GET /?key={MASKED_KEY} HTTP/1.1" 200 "Bearer ***" "-" -\n'
    assert atoms == kept, "a mapping of somebody else's was changed"


class Uncopied(dict[str, str]):
    """A mapping that cannot be copied."""

    def __copy__(self) -> "Uncopied":
        raise TypeError("not copied")


class Unlisted(dict[str, str]):
    """A mapping that does not tell what it holds."""

    def items(self) -> NoReturn:
        raise LookupError("nothing to list")


@pytest.mark.parametrize("mapping", [Uncopied, Unlisted])
def test_filter_never_fails(mapping: type[dict[str, str]]) -> None:
    """What cannot be masked in its own place is masked in the message: an exception here would break the request."""
    assert Log().write(record_of("got %(key)s", mapping(key=KEY))) == f"got {MASKED_KEY}\n"


ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def raised(error: Exception, *, cause: Exception | None = None) -> ExcInfo:
    """Return an exception as logging is handed it."""
    error.__cause__ = cause
    with pytest.raises(type(error)) as caught:
        throw(error)
    return caught.type, caught.value, caught.tb


def throw(error: Exception) -> NoReturn:
    """Raise an exception."""
    raise error


TOLD: dict[str, ExcInfo] = {
    "itself": raised(ValueError(f"bad key {KEY}")),
    "cause": raised(ValueError("bad"), cause=ValueError(JWT)),
    "group": raised(ExceptionGroup("many", [ValueError(KEY)])),
}


@pytest.mark.parametrize("exc_info", TOLD.values(), ids=TOLD)
def test_filter_masks_tracebacks(exc_info: ExcInfo) -> None:
    """A traceback is written with the credential masked, of a cause and of a group too."""
    written = Log().write(record_of("failed", exc_info=exc_info))
    assert "Traceback" in written
    assert "***" in written
    assert KEY not in written
    assert JWT not in written


def test_filter_leaves_other_exceptions() -> None:
    """An exception that tells nothing stays an exception, for handlers that do more than write it down."""
    record = record_of("failed", exc_info=raised(ValueError("bad")))
    assert "ValueError: bad" in Log().write(record)
    assert record.exc_info


def test_filter_leaves_no_exception() -> None:
    """A record that was logged with `exc_info=True` outside of a handler has none."""
    assert Log().write(record_of("fine", exc_info=(None, None, None))).startswith("fine\n")


class Plain(logging.Formatter):
    """A formatter that does not remember what it wrote of an exception, as those for JSON do."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{record.getMessage()} {self.formatException(record.exc_info) if record.exc_info else record.exc_text}"


def test_filter_behind_another_handler() -> None:
    """What a handler without the filter has remembered in the record is not written by one that has it."""
    record = record_of("failed", exc_info=raised(ValueError(KEY)))
    assert KEY in logging.Formatter().format(record)
    assert KEY not in Log(Plain()).write(record)
    assert KEY not in Log().write(record)


def test_filter_masks_the_stack() -> None:
    """The stack that `stack_info=True` asks for shows lines of source, which may hold one."""
    assert Log().write(record_of("here", sinfo=f'Stack:\n  f("{KEY}")')) == f'here\nStack:\n  f("{MASKED_KEY}")\n'


def test_filter_masks_what_extra_adds() -> None:
    """What a formatter for JSON writes from `extra` is masked as well."""
    record = record_of("here", extra={"url": f"/?key={KEY}", "sent": {"key": JWT}, "times": 3, "both": (KEY, 1)})
    line = logging.Formatter("%(url)s %(sent)s %(times)s %(both)s")
    assert Log(line).write(record) == f"/?key={MASKED_KEY} {{'key': '***'}} 3 ('{MASKED_KEY}', 1)\n"


def test_filter_of_a_record_from_elsewhere() -> None:
    """A record that came over a socket, or through a queue, has other members."""
    record = logging.makeLogRecord({"msg": f"got {KEY}", "args": None, "exc_text": f"ValueError: {KEY}"})
    assert Log().write(record) == f"got {MASKED_KEY}\nValueError: {MASKED_KEY}\n"


@pytest.fixture
def logger() -> Iterator[tuple[logging.Logger, list[Log]]]:
    """Give a logger with two handlers that have the filter."""
    found, logs = logging.getLogger("tests.redaction"), [Log(), Log(Plain())]
    for log in logs:
        found.addHandler(log.handler)
    found.propagate = False
    yield found, logs
    for log in logs:
        found.removeHandler(log.handler)


def test_filters_of_two_handlers(logger: tuple[logging.Logger, list[Log]]) -> None:
    """One record that two handlers write is masked for both."""
    try:
        throw(ValueError(KEY))
    except ValueError:
        logger[0].exception("failed with %s", JWT)
    for log in logger[1]:
        written = log.write(record_of("end"))
        assert "failed with ***" in written
        assert KEY not in written


def test_filter_is_cheap() -> None:
    """An ordinary record costs a few microseconds, an access log's line not even twenty."""
    mask = RedactingFilter()
    records = [
        record_of('%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "GET", "/reports?page=2", "1.1", 200) for _ in range(2000)
    ]
    began = time.thread_time()
    for record in records:
        mask.filter(record)
    assert (time.thread_time() - began) / len(records) < 100e-6  # with room for a slow machine
