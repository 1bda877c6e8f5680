"""Fuzzing of everything that parses bytes or text from outside: a minute in the test run, `make fuzz` for longer."""
