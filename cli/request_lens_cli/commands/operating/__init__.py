"""Commands for whoever operates a deployed stack: they look at what is around it, and attach more to it."""
