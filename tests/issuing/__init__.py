"""The tests of authmux.issuing."""
