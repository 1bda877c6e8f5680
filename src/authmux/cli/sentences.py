"""What a person is told of an error: one sentence, with what to do, and nothing that could hold a secret."""

from authmux.cli.application import ApplicationBroken
from authmux.cli.exit_codes import EXIT_OF
from authmux.cli.outlet import OutputLost
from authmux.stores.port import StoreUnavailable


def sentence_for(error: Exception) -> str:
    """Return the sentence; errors that are not ours are only named, for their text may quote anything."""
    if isinstance(error, StoreUnavailable):
        return _of_the_store(error)
    if isinstance(error, OutputLost):
        return f"standard output could not be written to ({error})"
    if isinstance(error, tuple(EXIT_OF)):
        return str(error)
    asked = "set AUTHMUX_TRACEBACK=1 to see where"
    if isinstance(error, ApplicationBroken):
        return f"{error}; {asked}"
    return f"something unexpected went wrong: {type(error).__name__}; {asked}"


def _of_the_store(error: StoreUnavailable) -> str:
    """Say what the driver says in its first line; what follows there may quote rows."""
    if str(error) == "older_schema":
        return "the store's tables are of an older version: run `authmux upgrade` with the same --store"
    if error.__cause__ is None:
        return str(error)
    cause = getattr(error.__cause__, "orig", None) or error.__cause__
    said = (str(cause).splitlines() or [""])[0]
    if "no such table" in said or ("authmux_" in said and "does not exist" in said):
        return (
            "the store has no authmux tables yet: run `authmux init` with the same --store, or have the application"
            " call store.create_schema()"
        )
    return f"the store does not answer: {said or type(cause).__name__}"
