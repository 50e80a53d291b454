"""The report's page as its tests read it: cards, tables and the foot, without markup."""

import html
import re

from request_lens.presentation.timeline.axis import AxisKind
from request_lens_cli.html_report.page import Heading, report_page
from request_lens_cli.report.period import Period
from request_lens_cli.report.report import Report
from tests.support.facts import at


def page_of(report: Report, axis: AxisKind = AxisKind.OWN) -> str:
    """The page of a stack."""
    period = Period(first=at(0), last=at(60))
    return report_page(report, Heading(stack="lens", period=period, written_at=at(90)), axis=axis)


def card(page: str, name: str) -> list[str]:
    """A card's figure, and its notes."""
    return _texts(page.partition(f"<dt>{name}</dt>")[2].partition("</div>")[0])


def rows(page: str, caption: str) -> list[list[str]]:
    """The rows of the table whose caption begins so: a cell's notes stand behind a bar."""
    body = page.partition(f"<caption>{caption}")[2].partition("</table>")[0].partition("<tbody>")[2]
    lines = [re.findall(r"<td[^>]*>(.*?)</td>", line, re.DOTALL) for line in body.split("</tr>")[:-1]]
    return [["|".join(_texts(cell)) for cell in line] for line in lines]


def foot(page: str) -> dict[str, str]:
    """What the foot says of each sign and word."""
    items = re.findall(r"<li><strong>(.*?)</strong> (.*?)</li>", page.partition("<footer>")[2])
    return {html.unescape(sign): html.unescape(means) for sign, means in items}


def _texts(markup: str) -> list[str]:
    texts = (html.unescape(part).replace("\N{NO-BREAK SPACE}", " ") for part in re.split(r"<[^>]*>", markup))
    return [part.strip() for part in texts if part.strip()]
