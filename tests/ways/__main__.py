"""Runs the matrix, prints it, and writes the page of the documentation.

python -m tests.ways
"""

from tests.ways.frameworks import run_all
from tests.ways.page import PAGE, write_page

if __name__ == "__main__":
    page = write_page(run_all())
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page, encoding="utf-8")
    print(page)  # noqa: T201  # a person asked for it
