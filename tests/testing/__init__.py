"""Tests of what authmux gives to its users' tests."""
