"""What an import loads, seen in an interpreter that has loaded nothing before."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import authmux

FRAMEWORKS = {"starlette", "fastapi", "flask", "werkzeug"}
HEAVY = FRAMEWORKS | {
    "sqlalchemy",
    "aiosqlite",
    "psycopg",
    "asyncpg",
    "urllib3",
    "requests",
    "httpx",
    "httpx2",
    "http.client",
    "jwt",
    "cryptography",
}


def loaded_by(statement: str) -> set[str]:
    """Return every module that a statement loads in a fresh interpreter."""
    program = f"import sys\n{statement}\nprint(*sys.modules)"
    path = {"PYTHONPATH": str(Path(authmux.__file__).parents[1])}
    return set(
        subprocess.run(
            [sys.executable, "-c", program], env=os.environ | path, check=True, capture_output=True, text=True
        ).stdout.split()
    )


def test_authmux_loads_nothing_heavy() -> None:
    """`import authmux` loads no framework, no driver, no HTTP client and no cryptography."""
    loaded = loaded_by("import authmux")
    assert "authmux.guard" in loaded
    assert loaded & HEAVY == set()


@pytest.mark.parametrize("face", ["asgi", "wsgi"])
def test_plain_faces_load_no_framework(face: str) -> None:
    """The faces for any application load no framework, nor anything that it would have to install."""
    assert loaded_by(f"import authmux.{face}") & HEAVY == set()


@pytest.mark.parametrize(
    ("face", "others"),
    [
        ("starlette", {"fastapi", "flask", "werkzeug"}),
        ("fastapi", {"flask", "werkzeug"}),
        ("flask", {"starlette", "fastapi"}),
    ],
)
def test_a_face_loads_no_other_framework(face: str, others: set[str]) -> None:
    """Who uses one framework need not have installed another, nor a database driver."""
    assert loaded_by(f"import authmux.{face}") & (others | {"sqlalchemy", "aiosqlite", "psycopg", "asyncpg"}) == set()


def test_tests_of_an_application_load_no_framework() -> None:
    """`authmux.testing` works with whichever framework there is."""
    assert loaded_by("import authmux.testing") & FRAMEWORKS == set()


def test_jwt_verifier_is_loaded_when_it_is_asked_for() -> None:
    """The one public name that needs cryptography brings it then."""
    assert "cryptography" in loaded_by("from authmux import JWTVerifier")


@pytest.mark.parametrize("name", authmux.__all__)
def test_every_public_name_is_there(name: str) -> None:
    """What `__all__` promises can be had."""
    assert getattr(authmux, name) is not None


def test_names_that_are_not_there_are_an_attribute_error() -> None:
    """A name that is mistyped is named in the error."""
    with pytest.raises(AttributeError, match="JWTVerifyer"):
        getattr(authmux, "JWTVerifyer")  # noqa: B009
