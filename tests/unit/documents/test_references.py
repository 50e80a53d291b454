"""What the documents point to is there: files, headings, pictures, modules and names in them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]
CORE = CHECKOUT / "layers" / "request_lens" / "request_lens"
DOCUMENTS = sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/*.md")])
ARCHITECTURE = CHECKOUT / "docs" / "architecture.md"

_CODE_BLOCK = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)|<(?:source|img|a)\b[^>]*?\b(?:src|srcset|href)=\"([^\"\s]+)\"")
_PATH = re.compile(r"`([\w./-]+/[\w.-]*|[\w-]+\.(?:yaml|toml|md))`")
_NAME_IN_PATH = re.compile(r"`(\w+)` in `([\w/]+\.(?:py|yaml))`")

MADE = (
    "dist/",
    "out/",
    "out/timeline.svg",
    "out/timeline.png",
    "out/report.html",
    "out/report-tagged.html",
    ".venv/bin",
)
"""What the documents name and only the targets make."""


def prose(document: Path) -> str:
    """The document without its code blocks."""
    return _CODE_BLOCK.sub("", document.read_text(encoding="utf-8"))


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(document: Path) -> list[str]:
    """What a document links to, or shows, be it in Markdown or in the HTML of a picture with two themes or a link."""
    return [markdown or html for markdown, html in _LINK.findall(prose(document))]


def broken(document: Path) -> Iterator[str]:
    for target in links(document):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        if not file.is_file() or (anchor and anchor not in anchors(file)):
            yield target


def is_there(path: str) -> bool:
    """Whether the checkout, the core or the command line has this path."""
    command_line = path.replace("cli/", "cli/request_lens_cli/", 1) if path.startswith("cli/") else path
    return any((root / path).exists() for root in (CHECKOUT, CORE)) or (CHECKOUT / command_line).exists()


def code_map() -> Iterator[tuple[Path, list[str]]]:
    """Each room of the code map, and the modules that its row names."""
    section = prose(ARCHITECTURE).partition("\n## Code map\n")[2].partition("\n## ")[0]
    for room, modules in re.findall(r"^\| `([\w/]+/)` \|[^|]*\|(.*)\|$", section, re.MULTILINE):
        yield CHECKOUT / room, re.findall(r"`(\w+\.py)`", modules)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_relative_link_and_picture_is_there(document: Path) -> None:
    assert list(broken(document)) == []


def test_the_readme_leads_to_every_page() -> None:
    linked = {target.partition("#")[0] for target in links(CHECKOUT / "README.md")}
    pages = {str(path.relative_to(CHECKOUT)) for path in DOCUMENTS} - {"README.md"}

    assert pages - linked == set()


def test_the_readme_has_each_picture_in_the_theme_of_its_page() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    pictures = re.findall(r"<picture>.*?</picture>", readme, re.DOTALL)

    assert len(pictures) == len(re.findall(r"<img\s", readme)) == 4
    for picture in pictures:
        (light,) = re.findall(r'<img\ssrc="([^"]+)"', picture)
        dark = light.replace(".", "-dark.")
        assert re.findall(r'media="\(prefers-color-scheme: (\w+)\)" srcset="([^"]+)"', picture) == [("dark", dark)]
        assert size_of(CHECKOUT / light) == size_of(CHECKOUT / dark)


def test_a_picture_of_the_readme_is_wide_enough_to_be_read() -> None:
    """Without a width a picture is as wide as the page."""
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")

    assert min(map(int, re.findall(r'<img\s[^>]*width="(\d+)"', readme))) >= 700


def size_of(picture: Path) -> object:
    """Width and height, as a PNG's header or an SVG's view box have them."""
    if picture.suffix == ".png":
        return picture.read_bytes()[16:24]
    return re.findall(r'viewBox="([^"]+)"', picture.read_text(encoding="utf-8"))[0]


def test_every_picture_is_shown() -> None:
    shown = {Path(target).name for path in DOCUMENTS for target in links(path)}
    pictures = {path.name for path in (CHECKOUT / "docs" / "images").iterdir()}

    assert pictures - shown == {"timeline.svg"}  # what timeline.png is drawn from


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_path_that_is_named_is_there(document: Path) -> None:
    paths = {path for path in _PATH.findall(prose(document)) if path.endswith((".py", ".yaml", ".toml", ".md", "/"))}

    assert [path for path in sorted(paths) if path not in MADE and not is_there(path)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_name_that_is_said_to_be_in_a_module_is_in_it(document: Path) -> None:
    named = _NAME_IN_PATH.findall(prose(document))
    files = {path: next(file for file in (CORE / path, CHECKOUT / path) if file.is_file()) for _, path in named}

    assert [
        (name, path)
        for name, path in named
        if not re.search(rf"\b{re.escape(name)}\b", files[path].read_text(encoding="utf-8"))
    ] == []


def test_every_module_of_the_code_map_is_there() -> None:
    rooms = list(code_map())

    assert len(rooms) >= 20
    assert [str(room / module) for room, modules in rooms for module in modules if not (room / module).is_file()] == []


def test_every_room_is_in_the_code_map() -> None:
    product = [path for root in ("layers", "cli", "functions", "scripts") for path in (CHECKOUT / root).rglob("*.py")]
    rooms = {path.parent for path in product if path.name != "__init__.py"}

    assert rooms - {room for room, _ in code_map()} == set()


def test_every_module_of_a_room_is_in_its_row() -> None:
    left_out = [
        str(path.relative_to(CHECKOUT))
        for room, modules in code_map()
        for path in sorted(room.glob("*.py"))
        if path.name not in ("__init__.py", *modules)
    ]

    assert left_out == []
