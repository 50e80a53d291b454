"""The command line as tests see it: what it prints, and where."""
