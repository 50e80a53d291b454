"""A deployed stack, read: outputs, table and metrics."""
