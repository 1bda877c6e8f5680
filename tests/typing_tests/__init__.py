"""What the types of the public surface promise to their users."""
