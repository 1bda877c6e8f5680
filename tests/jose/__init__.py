"""Tests of `authmux.jose`: what is read, what is refused, and that nothing else ever happens."""
