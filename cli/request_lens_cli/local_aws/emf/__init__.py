"""The stand-in that turns EMF lines into metrics on the local AWS."""
