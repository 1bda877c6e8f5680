"""`MemoryStore`: a store whose parts are all in this process's memory."""

from authmux.stores.memory.denials import Denials
from authmux.stores.memory.logs import Logs
from authmux.stores.memory.peppers import Peppers
from authmux.stores.memory.records import Records


class MemoryStore(Records, Peppers, Denials, Logs):
    """Keeps records in this process; another process, a forked one too, has others."""
