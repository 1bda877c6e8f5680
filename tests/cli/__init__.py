"""The tests of authmux.cli."""
