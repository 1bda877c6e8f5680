"""Principal in, credential out: everything that mints."""
