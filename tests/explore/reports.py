"""Reports for tests, read back: the tables of a page, as a reader of HTML sees them."""

from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

from tests.cli.running import tool

VOID = {"meta", "input", "br", "hr", "img", "link"}
OPTIONS = ("--train", "--batch", "64", "--precision", "amp-fp16", "--gpu", "rtx3090")


def written(path: Path, *args: str) -> str:
    """Return the report that the tool writes for arguments."""
    done = tool("report", *args, "-o", path)
    assert done.code == 0, done.err
    assert done.out == ""
    return path.read_text("utf-8")


class Element(NamedTuple):
    """A start tag and what stands below it."""

    tag: str
    attributes: dict[str, str]
    children: list["Element | str"]

    @property
    def text(self) -> str:
        """All text below."""
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def all(self, tag: str, **attributes: str) -> list["Element"]:
        """Return the elements below with a tag and attributes, in order."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                wanted = all(child.attributes.get(name.rstrip("_")) == value for name, value in attributes.items())
                found += [child] if child.tag == tag and wanted else []
                found += child.all(tag, **attributes)
        return found

    @property
    def size(self) -> int:
        """How many elements stand below."""
        return sum(1 + child.size for child in self.children if isinstance(child, Element))

    def one(self, tag: str, **attributes: str) -> "Element":
        """Return the only element with a tag and attributes."""
        [found] = self.all(tag, **attributes)
        return found


class Strict(HTMLParser):
    """Builds the tree, and refuses what a browser would quietly repair."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {}, [])
        self.open = [self.root]
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice: {tag} {names}"
        element = Element(tag, {name: value or "" for name, value in attrs}, [])
        if "id" in element.attributes:
            assert element.attributes["id"] not in self.ids, f"an id twice: {element.attributes['id']}"
            self.ids.add(element.attributes["id"])
        assert not any(name.startswith("on") or name == "style" for name in names), f"{tag} {names}"
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert any(element.tag == "svg" for element in self.open), f"<{tag}/> outside of SVG"
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def parsed(text: str) -> Element:
    """Return the tree of a page, whose every element is closed and whose every id is its own."""
    parser = Strict()
    parser.feed(text)
    parser.close()
    assert parser.open == [parser.root], [element.tag for element in parser.open]
    return parser.root


def rows(section: Element, index: int) -> list[dict[str, str]]:
    """Return the rows of a section's table by the words of its head; small print is left out of cells."""
    table = section.all("table")[index]
    head = [" ".join(cell.text.split()) for cell in table.one("thead").all("th")]
    found = []
    for row in [row for body in (*table.all("tbody"), *table.all("tfoot")) for row in body.all("tr")]:
        cells = [child for child in row.children if isinstance(child, Element)]
        assert len(cells) == len(head)
        found.append({name: _shown(cell) for name, cell in zip(head, cells, strict=True)})
    return found


def _shown(cell: Element) -> str:
    return "".join(child if isinstance(child, str) else "" for child in cell.children).strip()
