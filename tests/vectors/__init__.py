"""Vectors that must hold for ever: what verified once verifies in every later version."""
