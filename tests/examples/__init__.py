"""The examples and the demonstration, run as a reader would run them."""
