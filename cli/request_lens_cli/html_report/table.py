"""The page's tables: columns, and how a table is made of them."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from request_lens.presentation.formatting import UNKNOWN
from request_lens.presentation.markup import Markup, element, joined, text, unbroken

_TAG = re.compile(r"<[^>]*>")
_SHORT = 6
_SHORT_ID = 16
"""Characters of an id that is not broken, neither on a tablet: those of a REST API's extendedRequestId."""

_WIDE = 6
"""Columns beyond which a telephone has a card for each row instead of a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column[Row]:
    """One column of a table: its header, and what stands in it of a row; what `leaves` has no room on a tablet alone.

    A card has room for all; it names it by its `brief` header, where it has one.
    """

    header: str
    cell: Callable[[Row], Markup]
    numeric: bool = False
    leaves: bool = False
    brief: str = ""


def table[Row](columns: Sequence[Column[Row]], rows: Sequence[Row], *, caption: str) -> Markup:
    """A table with a header that is repeated on each printed sheet; numbers stand at the right.

    A cell of a table that is wide, or has sentences side by side, bears its column's header, which page.css shows where
    the rows are cards. Its caption names the columns that leave, where page.css lets them.
    """
    is_wide = len(columns) > _WIDE or sum(not column.numeric for column in columns) > 1
    heads = (element("th", text(column.header), scope="col", class_=_class(column)) for column in columns)
    lines = (
        element(
            "tr",
            *(
                element(
                    "td", cell, class_=_class(column, cell), data_h=(column.brief or column.header) if is_wide else ""
                )
                for column in columns
                for cell in [column.cell(row)]
            ),
        )
        for row in rows
    )
    whole = element(
        "table",
        element("caption", text(caption), *_absent(columns)),
        element("thead", element("tr", *heads)),
        element("tbody", *lines),
    )
    # A short table stays whole on paper: its header alone at a sheet's end would say nothing.
    class_ = " ".join(["scroll", *(["short"] if len(rows) <= _SHORT else []), *(["wide-table"] if is_wide else [])])
    return element("div", whole, class_=class_, tabindex="0", role="region", aria_label=caption)


def with_note(figure: str, *notes: str) -> Markup:
    """A figure, and below it in small print what limits it, a line each; an empty one is none."""
    return joined((text(figure), *(element("div", unbroken(note), class_="note") for note in notes if note)))


def route_text(route: str, *, whole: int) -> Markup:
    """A route, on one line up to so many characters; else it may be broken before each slash but the first.

    After a slash it is not: a line would end in "POST /".
    """
    method, slash, path = route.partition("/")
    first, *others = path.split("/")
    parts = (text(f"{method}{slash}{first}"), *(joined((Markup("<wbr>"), text(f"/{part}"))) for part in others))
    return element("span", *parts, class_="whole" if len(route) <= whole else "")


def id_class(request_id: str) -> str:
    """The class of an element with an id: a short one stands on one line in every window."""
    return "whole-id" if len(request_id) <= _SHORT_ID else ""


def model_text(model_id: str) -> Markup:
    """A model's id, which may be broken behind a dot, too, where a line has no room for it."""
    return Markup(".<wbr>".join(map(text, model_id.split("."))))


def cost_cell(words: str) -> Markup:
    """A cost, and below it that calls of unknown price are not in it."""
    cost, plus, unpriced = words.partition(" + ")
    return with_note(cost, f"+ {unpriced}" if plus else "")


def _absent[Row](columns: Sequence[Column[Row]]) -> Iterator[Markup]:
    if leaving := [column.header for column in columns if column.leaves]:
        yield element("span", text(f"In a wider window and on paper also: {', '.join(leaving)}."), class_="absent")


def _class[Row](column: Column[Row], cell: Markup | None = None) -> str:
    """Words by which page.css lays a cell, or a header, out; a dash alone is printed bold, as it is thin."""
    kinds = {"leaves": column.leaves, "unknown": cell is not None and _TAG.sub("", cell) == UNKNOWN}
    return " ".join(["number" if column.numeric else "words", *(kind for kind, holds in kinds.items() if holds)])
