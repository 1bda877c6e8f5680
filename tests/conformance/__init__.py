"""The attacks and faults that authmux must survive, as tables: a request in, the answer out."""
