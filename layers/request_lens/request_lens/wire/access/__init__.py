"""One line of API Gateway's access log: its fields, its route, and what to change where it cannot be read."""
