"""The face for FastAPI.

app.add_middleware(AuthMiddleware, authenticator=auth)

@app.get("/reports")
@requires("reports:read")
async def reports(principal: CurrentPrincipal) -> list[Report]: ...
"""

from authmux.asgi import still_valid
from authmux.fastapi.dependencies import CurrentPrincipal, OptionalPrincipal
from authmux.fastapi.documentation import describe
from authmux.fastapi.guard import requires
from authmux.fastapi.middleware import AuthMiddleware, install
from authmux.guard import current_principal
from authmux.visit import find_principal

__all__ = [
    "AuthMiddleware",
    "CurrentPrincipal",
    "OptionalPrincipal",
    "current_principal",
    "describe",
    "find_principal",
    "install",
    "requires",
    "still_valid",
]
