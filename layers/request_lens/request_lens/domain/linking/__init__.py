"""Which request an invocation belongs to, and how surely."""
