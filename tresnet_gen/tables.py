"""Figures and rows of text as aligned columns, Markdown or CSV."""

from collections.abc import Collection, Sequence

Row = Sequence[str]
# What spreadsheets take for the start of a formula, the wide forms of East Asian keyboards among them.
FORMULA = ("=", "+", "-", "@", "\t", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def aligned(rows: Sequence[Row], right: Collection[int] = ()) -> list[str]:
    """Return rows padded to columns two spaces apart; the columns in `right` are set flush right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def markdown(rows: Sequence[Row], right: Collection[int] = ()) -> list[str]:
    """Return rows as a Markdown table with the first as its head; cells cannot break out of it."""
    rule = ["--:" if index in right else "---" for index in range(len(rows[0]))]
    cells = [[_markdown_cell(cell) for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in (cells[0], rule, *cells[1:])]


def change(old: float, new: float) -> str:
    """Return by how much a figure is more or less, in percent of the old one: +12.5%; 0.0% for less than is shown.

    There is no such share of an old figure of zero: the text is empty.
    """
    text = f"{new / old - 1:+.1%}" if old else ""
    return "0.0%" if text in ("+0.0%", "-0.0%") else text


def csv_text(rows: Sequence[Row]) -> str:
    """Return rows as CSV; a cell that a spreadsheet would take for a formula gets a leading apostrophe."""
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in row] for row in rows)
    return out.getvalue()


def rounded(figure: int) -> str:
    """Return a figure in three digits: 56.0 M."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("K", 10**3)):
        if figure >= size:
            return f"{f'{figure / size:#.3g}'.rstrip('.')} {unit}"
    return str(figure)


def _markdown_cell(text: str) -> str:
    for char in "\\`*_[]<>|&~$":
        text = text.replace(char, f"\\{char}")
    return text.replace("\n", " ")
