"""Tests behind every real server, over raw sockets; they write the tables of docs/reference as well."""
