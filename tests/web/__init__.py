"""Tests of what all faces share."""
