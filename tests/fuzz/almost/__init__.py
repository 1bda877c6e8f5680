"""Strategies for input that is almost right: it gets past the first check, and meets the next one with a surprise."""
