"""What is written down of requests, off their path: uses, and what was observed (K-70…K-72)."""
