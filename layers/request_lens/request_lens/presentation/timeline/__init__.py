"""The timeline: requests as light bars, their LLM calls as dark bars."""
