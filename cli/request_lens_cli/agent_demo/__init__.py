"""The demo of a real agent: deploy, start the stand-ins, ask, settle, show."""
