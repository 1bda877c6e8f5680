"""Credential in, principal out: everything that believes."""
