"""The ports in memory, for replay and tests."""
