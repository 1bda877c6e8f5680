"""Authorization servers that somebody else wrote, and one with Logto's ways; real clients, real HTTP, real tokens."""
