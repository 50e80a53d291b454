"""Request Lens: how many LLM calls each API request makes on Amazon Bedrock."""

__version__ = "0.2.0.dev0"
