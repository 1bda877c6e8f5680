"""Tests of the faces, all of them against one truth table."""
