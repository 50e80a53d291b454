"""A deployed stack, operated: what failed is sent again, what was missed is sent late."""
