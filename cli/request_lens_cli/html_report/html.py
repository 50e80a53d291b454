"""HTML that cannot be broken into: what is not `Html` is escaped where it enters."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NewType

from request_lens.presentation.formatting import escaped

Html = NewType("Html", str)
"""Markup that is safe to put into a page."""

NOTHING = Html("")


def text(value: str) -> Html:
    """A text as it is read: escaped, and without what would reorder or hide its neighbours."""
    return Html(escaped(value))


def element(name: str, *content: Html, **attributes: str) -> Html:
    """An element; `class_` stands for `class`, and `_` in a name for `-`. Values are escaped."""
    pairs = "".join(f' {key.rstrip("_").replace("_", "-")}="{escaped(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{pairs}>{''.join(content)}</{name}>")


def joined(parts: Iterable[Html]) -> Html:
    """The parts one after the other."""
    return Html("".join(parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Column[Row]:
    """One column of a table: its header, and what stands in it of a row."""

    header: str
    cell: Callable[[Row], Html]
    numeric: bool = False


def table[Row](columns: Sequence[Column[Row]], rows: Sequence[Row], *, caption: str) -> Html:
    """A table with a header that is repeated on each printed sheet; numbers stand at the right."""
    heads = (element("th", text(each.header), scope="col", class_=_class(each)) for each in columns)
    lines = (element("tr", *(element("td", each.cell(row), class_=_class(each)) for each in columns)) for row in rows)
    whole = element(
        "table",
        element("caption", text(caption)),
        element("thead", element("tr", *heads)),
        element("tbody", *lines),
    )
    return element("div", whole, class_="scroll", tabindex="0", role="region", aria_label=caption)


def _class[Row](column: Column[Row]) -> str:
    return "number" if column.numeric else "words"
