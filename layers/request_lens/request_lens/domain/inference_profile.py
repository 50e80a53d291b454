"""Application inference profiles: names that a user gives to a model, to tell its costs apart."""

_KIND = "application-inference-profile/"


def profile_of(model_id: str) -> str | None:
    """The id of the application inference profile that a model id names, or None."""
    return model_id.removeprefix(_KIND) or None if model_id.startswith(_KIND) else None
