"""What a person sees who opens an application's documentation in a browser."""
