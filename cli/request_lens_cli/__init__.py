"""The `request-lens` command: the local AWS, offline replay, and queries over a deployed table."""
