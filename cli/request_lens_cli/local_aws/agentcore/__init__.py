"""A stand-in for AgentCore's runtime, for the local AWS only: it runs the agent's own process and calls it."""
