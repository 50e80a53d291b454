"""The demo: deploy, play, settle, show."""
