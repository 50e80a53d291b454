"""What the spans of a trace tell of a request: its runs, where its time went, whether all its calls are there."""
