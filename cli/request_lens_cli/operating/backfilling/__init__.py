"""Backfill: log events of the past, sent through the processor as if they had only just come."""
