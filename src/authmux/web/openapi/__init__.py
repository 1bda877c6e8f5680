"""The OpenAPI document of an application: which credentials its operations take, and how they refuse."""

from authmux.web.openapi.document import describe
from authmux.web.openapi.entrance import Entrance
from authmux.web.openapi.marks import GUARDED, OPTIONAL, mark_of

__all__ = ["GUARDED", "OPTIONAL", "Entrance", "describe", "mark_of"]
