"""`request-lens inspect`: what the pipeline makes of log lines, and why it does not know more."""
