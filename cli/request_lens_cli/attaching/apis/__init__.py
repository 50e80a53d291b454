"""The access logs of APIs: what a stage writes, whether that suffices, and what to change."""
