"""FastAPI endpoints whose annotations are strings, as `from __future__ import annotations` makes them."""

from __future__ import annotations

from fastapi import FastAPI
from pydantic import BaseModel

from authmux.fastapi import CurrentPrincipal, requires


class Report(BaseModel):
    """A body."""

    title: str


def add_to(app: FastAPI) -> None:
    """Add the endpoint to an application."""
    app.post("/strings")(store_report)


@requires("reports:read")
async def store_report(report: Report, principal: CurrentPrincipal, page: int = 1) -> dict[str, object]:
    """Answer with everything that came."""
    return {"title": report.title, "by": principal.id, "page": page}
