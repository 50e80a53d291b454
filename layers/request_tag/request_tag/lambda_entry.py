"""The handler of a Lambda function that has this package as a layer: the function's own, with its calls tagged.

Lambda's runtime imports this module and takes `handler` from it, where the layer's wrapper script (or the function's
own setting) has named it in place of the function's handler, which `REQUEST_TAG_HANDLER` then has. So the work is done
at import, where the runtime expects a function's own modules to be imported and reports what is wrong with them.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

from request_tag.instrumentation import auto_instrument
from request_tag.lambda_events import lambda_handler

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

HANDLER_VARIABLE = "REQUEST_TAG_HANDLER"


def function_handler(name: str) -> Callable[..., Any]:
    """The function's own handler by its name, `module.function` or `folder/module.function`, as Lambda finds it."""
    module, _, function = name.rpartition(".")
    found: Callable[..., Any] = getattr(import_module(module.replace("/", ".")), function)
    return found


auto_instrument()
handler = lambda_handler(function_handler(os.environ[HANDLER_VARIABLE]))
