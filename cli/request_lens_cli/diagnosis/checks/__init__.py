"""What must be so for a request to be seen, one module for each part of a line's way."""
