"""A stand-in for Bedrock's models, for the local AWS only: a scripted model that is called and logged as a real one."""
