"""Differential oracles: whatever authmux accepts, PyJWT, joserfc and jwcrypto accept, and read in the same way."""
