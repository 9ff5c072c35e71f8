"""SVG as text: elements with escaped content, and the colours that pictures and charts share.

Colours are CSS variables, so that a page can set them; a file of its own follows the reader's light or dark scheme.
"""

from xml.sax.saxutils import escape, quoteattr

__all__ = ["escape"]

FONT = "ui-sans-serif, system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
LIGHT = {
    "paper": "#ffffff",
    "panel": "#f4f5f7",
    "ink": "#1c2330",
    "muted": "#5d6778",
    "line": "#c9cfd8",
    "blue": "#2a68cc",
    "orange": "#b3540f",
    "green": "#23804a",
    "red": "#c8323c",
    "purple": "#7d4fc4",
    "teal": "#0d7784",
}
DARK = {
    "paper": "#14181f",
    "panel": "#1f2530",
    "ink": "#e6e9ef",
    "muted": "#9aa5b5",
    "line": "#3b4453",
    "blue": "#74a7f5",
    "orange": "#f0a05f",
    "green": "#6cc48d",
    "red": "#f2828a",
    "purple": "#b998ee",
    "teal": "#5bc3cf",
}


def colors(scheme: dict[str, str]) -> str:
    """Return a scheme as CSS declarations: `--ink: #1c2330; ...`."""
    return " ".join(f"--{name}: {value};" for name, value in scheme.items())


STYLE = (
    f":root {{ {colors(LIGHT)} color-scheme: light dark; }} "
    f"@media (prefers-color-scheme: dark) {{ :root {{ {colors(DARK)} }} }}"
)


def number(value: float) -> str:
    """Return a coordinate in at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"


def element(tag: str, *children: str, **attributes: str | float) -> str:
    """Return an element around children that are markup already; `class_` and `stroke_width` name their attributes."""
    pairs = (
        (name.rstrip("_").replace("_", "-"), value if isinstance(value, str) else number(value))
        for name, value in attributes.items()
    )
    head = "".join(f" {name}={quoteattr(value)}" for name, value in pairs)
    return f"<{tag}{head}>{''.join(children)}</{tag}>" if children else f"<{tag}{head}/>"


def text(content: str, x: float, y: float, **attributes: str | float) -> str:
    """Return a text element; its content is escaped."""
    return element("text", escape(content), x=x, y=y, **attributes)


def fragment(width: float, height: float, title: str, *children: str) -> str:
    """Return an SVG element for a page that has the colours; `title` is what screen readers say."""
    return element(
        "svg",
        *children,
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        role="img",
        aria_label=title,
    )


def document(width: float, height: float, title: str, *children: str, style: str = STYLE) -> str:
    """Return a whole SVG file, which scales to the width it is given; `title` is what screen readers say."""
    return element(
        "svg",
        element("title", escape(title)),
        element("style", style),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        role="img",
        font_family=FONT,
    )
