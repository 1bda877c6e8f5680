"""However the middleware is added, a refusal is the same bytes; `python -m tests.ways` writes the page that says so."""
