"""Where the records of keys and tokens are kept."""
