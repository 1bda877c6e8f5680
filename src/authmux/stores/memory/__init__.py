"""A store in one process's memory: for tests, and for keys that are made anew at every start."""

from authmux.stores.memory.store import MemoryStore

__all__ = ["MemoryStore"]
