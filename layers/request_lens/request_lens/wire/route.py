"""Routes as metrics may bear them: an API's own route keys and resource paths, and nothing that could be a text."""

import re

OTHER_ROUTE = "other"
"""The route of a request whose log line names none that an API could have."""

_ROUTE = re.compile(
    r"\$default|(?:ANY|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT) /[A-Za-z0-9._~%!$&'()*+,;=:@{}/-]{0,511}"
)
"""A method of API Gateway and a path in the characters of RFC 3986, with the braces of its variables."""


def route_name(written: str) -> str:
    """The route as the API names it, or OTHER_ROUTE: an access log that others write cannot make a series each."""
    return written if _ROUTE.fullmatch(written) else OTHER_ROUTE
