"""What all faces share: headers in, challenges out."""
