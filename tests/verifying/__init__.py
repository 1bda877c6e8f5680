"""The tests of authmux.verifying."""
