"""Judges: each takes any bytes, hands them to one parser of authmux, and asserts what must hold of the outcome."""
