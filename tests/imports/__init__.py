"""Keys that the real packages of other libraries made, taken over and used."""
