"""Frameworks that authmux has no face for, behind the plain one."""
