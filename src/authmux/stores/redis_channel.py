"""`RedisChannel`: Redis, or Valkey, as a fast way to say that something has changed (K-22).

It carries no state and no secret, and its word is no proof: whoever hears it asks the database. A message that is lost,
made up, or late costs half a second at most, or one question too many.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any, Final

import redis

from authmux.errors import ConfigurationError
from authmux.forking import renew_after_fork

_log = logging.getLogger("authmux.store")

_TIMEOUT: Final = 2.0  # seconds, to connect and for an answer
_LISTEN: Final = 0.5  # seconds for which a message is waited for, before somebody looks whether it is wanted still
_PING_EVERY: Final = 10  # seconds
_PAUSES: Final = (0.1, 5.0)  # seconds between two tries: at first, and in the end


class RedisChannel:
    """Tells all processes with a channel of this name of every change. Hand it to a store as `wake=`.

    Arguments:
        url: such as "redis://user:password@host:6379/0"; "rediss://" for TLS.
        name: the channel's name in Redis; another one for each database of keys that shares a Redis.

    Raises:
        ConfigurationError: the URL cannot be read.
    """

    _listener: threading.Thread | None
    _teller: threading.Thread | None

    def __init__(self, url: str, *, name: str = "authmux") -> None:
        self._name = name
        try:
            self._redis: Any = redis.Redis.from_url(  # half of what it has is typed
                url, socket_connect_timeout=_TIMEOUT, socket_timeout=_TIMEOUT, health_check_interval=_PING_EVERY
            )
        except ValueError:  # what it says may hold the password
            raise ConfigurationError("RedisChannel takes a URL such as redis://host:6379/0") from None
        self.after_fork()
        renew_after_fork(self)

    def open(self, wake: Callable[[], None]) -> None:
        """Call `wake` whenever any process has announced a change; see `Channel.open`."""
        with self._lock:
            if self._listener is None:
                self._is_over = threading.Event()
                self._listener = _daemon("authmux-redis-listen", self._listen, wake, self._is_over)

    def announce(self) -> None:
        """Tell every process, this one included; see `Channel.announce`."""
        with self._lock:
            self._is_news = True
            if self._teller is None:
                self._teller = _daemon("authmux-redis-tell", self._tell)

    def close(self) -> None:
        """Stop listening, once what was announced is sent; see `Channel.close`."""
        with self._lock:
            self._is_over.set()
            threads = (self._listener, self._teller)
            self._listener = None
        for thread in threads:
            if thread is not None:
                thread.join(2 * _TIMEOUT)
        self._redis.close()

    def after_fork(self) -> None:
        """Begin without threads, in a child; redis-py itself opens new connections there."""
        self._lock = threading.Lock()
        self._listener = self._teller = None
        self._is_over = threading.Event()
        self._is_news = False
        self._is_told_of = False

    def _listen(self, wake: Callable[[], None], is_over: threading.Event) -> None:
        pause, longest = _PAUSES
        while not is_over.is_set():
            try:
                with self._redis.pubsub(ignore_subscribe_messages=True) as messages:
                    messages.subscribe(self._name)
                    wake()  # for what was said while nobody listened
                    while not is_over.is_set():
                        if messages.get_message(timeout=_LISTEN) is not None:
                            wake()
                        pause = _PAUSES[0]
                        self._is_told_of = False
            except (redis.RedisError, OSError) as error:
                self._say(error)
                is_over.wait(pause)
                pause = min(2 * pause, longest)

    def _tell(self) -> None:
        """Say it once for all that was announced so far, and again for what was announced meanwhile."""
        while self._is_still_news():
            try:
                self._redis.publish(self._name, b"")
            except (redis.RedisError, OSError) as error:
                self._say(error)

    def _is_still_news(self) -> bool:
        with self._lock:
            is_news, self._is_news = self._is_news, False
            if not is_news:
                self._teller = None
            return is_news

    def _say(self, error: Exception) -> None:
        """Say once in an outage that there is one."""
        if not self._is_told_of:
            self._is_told_of = True
            _log.warning("Redis does not answer: %s; changes are noticed a little later", type(error).__name__)


def _daemon(name: str, target: Callable[..., None], *args: object) -> threading.Thread | None:
    """Start a thread; return None where the system has none left at this moment."""
    thread = threading.Thread(target=target, args=args, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        _log.error("%s: %s", name, error)  # it says all in one line
        return None
    return thread
