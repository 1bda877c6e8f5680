"""The tests of authmux.stores."""
