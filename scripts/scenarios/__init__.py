"""The generator of the scenarios in events/."""
