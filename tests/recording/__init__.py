"""Tests of `authmux.recording`."""
