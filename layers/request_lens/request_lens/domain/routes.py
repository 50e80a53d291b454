"""Routes: as an API names them, after the API's own name where its access log's format gives it one."""

from collections.abc import Collection


def is_among(route: str, names: Collection[str]) -> bool:
    """Whether names have the route: `orders POST /ask` is meant by itself, and by `POST /ask`, as those of all APIs."""
    _, _, without_api = route.partition(" ")
    return route in names or (not without_api.startswith("/") and without_api in names)
