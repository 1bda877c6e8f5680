"""Strict JWS, claims and key sets: pure, with no clock and no I/O."""
