"""Spans of an agent's telemetry, as CloudWatch Logs has them."""
