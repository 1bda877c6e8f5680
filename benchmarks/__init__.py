"""What authmux costs, measured: `make bench`."""
