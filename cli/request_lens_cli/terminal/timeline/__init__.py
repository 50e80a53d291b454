"""The timeline and one request's waterfall as bars in the terminal."""
