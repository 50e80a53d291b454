"""Pure rules: facts, links, summaries. Standard library only, no clock, no I/O."""
