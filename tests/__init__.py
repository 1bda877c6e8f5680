"""The tests; they mirror src/authmux."""
