"""What a report is made of: sections of blocks, all of them plain values.

Texts are texts, escaped where the template puts them. Only `Figure` and `Drawing` hold markup, which is safe
because tresnet_gen.explore.svg has escaped what is in them.
"""

from typing import NamedTuple

PROSE = 40  # characters from which a text may break into lines


class Cell(NamedTuple):
    """A table's cell: `sub` stands small below it; `mark` is best, zero or empty."""

    text: str
    sub: str = ""
    mark: str = ""


class Head(NamedTuple):
    """A column's head; `figures` says that the column has numbers, which are set flush right; `hint` says what of."""

    text: str
    figures: bool = True
    hint: str = ""


class Table(NamedTuple):
    """A table; `total` is a last row that no sorting moves. With an `example` of words its rows can be filtered."""

    title: str
    head: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] = ()
    note: str = ""
    sortable: bool = False
    example: str = ""

    @property
    def kind(self) -> str:
        """How the template calls it."""
        return "table"

    @property
    def label(self) -> str:
        """What a screen reader calls it: its title, or its columns."""
        return self.title or ", ".join(head.text for head in self.head)

    def look(self, column: int, cell: Cell) -> str:
        """Return the classes of a cell: n for figures, and its mark."""
        figures = "n" if self.head[column].figures else "text" if len(cell.text) > PROSE else ""
        return " ".join(part for part in (figures, cell.mark) if part)


class Figure(NamedTuple):
    """A picture as markup: as wide as a page, and redrawn for a phone."""

    title: str
    wide: str
    narrow: str
    note: str = ""

    @property
    def kind(self) -> str:
        """How the template calls it."""
        return "figure"


class Drawing(NamedTuple):
    """Pictures of a network as markup: its stages, and its layers with repeats folded."""

    title: str
    stages: str
    layers: str


class Drawings(NamedTuple):
    """Networks beside each other."""

    drawings: tuple[Drawing, ...]

    @property
    def kind(self) -> str:
        """How the template calls it."""
        return "drawings"


class Tile(NamedTuple):
    """A key figure: what it is, its value, how far to trust it."""

    label: str
    value: str
    exact: str
    trust: str


class Tiles(NamedTuple):
    """Key figures of a model."""

    title: str
    text: str
    tiles: tuple[Tile, ...]

    @property
    def kind(self) -> str:
        """How the template calls it."""
        return "tiles"


class Notes(NamedTuple):
    """Terms and what they mean."""

    notes: tuple[tuple[str, str], ...]

    @property
    def kind(self) -> str:
        """How the template calls it."""
        return "notes"


class Command(NamedTuple):
    """A command line."""

    line: str
    note: str

    @property
    def kind(self) -> str:
        """How the template calls it."""
        return "command"


Block = Table | Figure | Drawings | Tiles | Notes | Command


class Section(NamedTuple):
    """A part of the report; `key` is its address in the page."""

    key: str
    title: str
    lead: str
    blocks: tuple[Block, ...]


class Page(NamedTuple):
    """The whole report."""

    title: str
    lead: str
    version: str
    sections: tuple[Section, ...]
