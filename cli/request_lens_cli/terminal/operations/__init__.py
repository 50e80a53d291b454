"""What operating a deployed stack did, or would do, in the terminal and as JSON."""
