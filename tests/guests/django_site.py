"""A Django project in one module: its settings, its views and their addresses."""

from typing import Any

import django  # type: ignore[import-untyped]
from django.conf import settings  # type: ignore[import-untyped]
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse  # type: ignore[import-untyped]
from django.urls import path  # type: ignore[import-untyped]
from django.views import View  # type: ignore[import-untyped]

from authmux import AuthError, MissingCredential, current_principal, find_principal, requires
from tests.ways.house import READ, WRITE
from tests.ways.kinds import names, names_later

if not settings.configured:
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="s", LOGGING_CONFIG=None)
    django.setup()

HANDLED = [f"{__name__}.RefusalsAreNoFailures"]
"""The setting `MIDDLEWARE` with the class below."""


class RefusalsAreNoFailures:
    """Keeps Django from logging a refusal as a failure; authmux answers in the place of this response."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, AuthError):
            return None
        return HttpResponse(status=401 if isinstance(error, MissingCredential) else 403)


def read(request: HttpRequest) -> HttpResponse:
    """Say who is calling."""
    return HttpResponse(current_principal().id.encode())


async def read_later(request: HttpRequest) -> HttpResponse:
    """Say who is calling."""
    return HttpResponse(current_principal().id.encode())


def reports_of(scope: str) -> Any:
    """Return a view that is a class, and guarded method by method."""

    class Reports(View):  # type: ignore[misc]
        @requires(scope)
        def get(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse(current_principal().id.encode())

    return Reports.as_view()


def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Stream from a generator of the server's colour."""
    return StreamingHttpResponse(names_later() if hasattr(request, "scope") else names())


def show(request: HttpRequest) -> HttpResponse:
    """Say who is calling, if anybody is."""
    principal = find_principal()
    return HttpResponse(principal.id.encode() if principal else b"nobody")


urlpatterns = [path("open", show)]
for last, scope in (("read", READ), ("write", WRITE)):
    urlpatterns += [
        path(last, requires(scope)(read)),
        path(f"async/{last}", requires(scope)(read_later)),
        path(f"class/{last}", reports_of(scope)),
        path(f"stream/{last}", requires(scope)(stream)),
    ]
