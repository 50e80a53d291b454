"""Several options that make one thing together: the command takes that thing."""

from collections.abc import Callable, Mapping
from functools import update_wrapper

type Command = Callable[..., None]
type Decorator = Callable[[Command], Command]


def gathered(argument: str, make: Callable[..., object], options: Mapping[str, Decorator]) -> Decorator:
    """Give a command these options, and in their stead the one argument that is made of their values."""

    def decorate(command: Command) -> Command:
        def gathering(**values: object) -> None:
            parts = {name: values.pop(name) for name in options}
            command(**values, **{argument: make(**parts)})

        decorated: Command = update_wrapper(gathering, command)
        for option in reversed(list(options.values())):
            decorated = option(decorated)
        return decorated

    return decorate
