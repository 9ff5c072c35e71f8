"""The width of text before a browser sees it: the widest of common sans-serif fonts, so that text fits in all of them.

The tables were measured in Chromium: for each character the larger width in DejaVu Sans, which is among the widest, and
Liberation Sans, which is as wide as Arial and Helvetica. Text in a narrower font leaves room.
"""

CHARACTERS = "".join(map(chr, range(32, 127))) + "×→·–−…"

# Thousandths of the font size, in the order of CHARACTERS.
# fmt: off
REGULAR = (
    318, 401, 460, 838, 637, 951, 780, 275, 391, 391, 500, 838, 318, 361, 318, 337, 637, 637, 637,
    637, 637, 637, 637, 637, 637, 637, 337, 337, 838, 838, 838, 557, 1016, 685, 687, 723, 771, 667,
    611, 778, 752, 295, 500, 667, 558, 863, 749, 788, 667, 788, 723, 667, 611, 732, 685, 989, 686,
    667, 686, 391, 337, 391, 838, 557, 500, 613, 635, 550, 635, 616, 353, 635, 634, 278, 278, 580,
    278, 975, 634, 612, 635, 635, 412, 521, 393, 634, 592, 818, 592, 592, 525, 637, 337, 637, 838,
    838, 1000, 318, 557, 838, 1000,
)
BOLD = (
    349, 457, 521, 838, 696, 1002, 873, 307, 458, 458, 523, 838, 380, 416, 380, 366, 696, 696, 696,
    696, 696, 696, 696, 696, 696, 696, 400, 400, 838, 838, 838, 611, 1000, 774, 763, 734, 831, 684,
    684, 821, 837, 373, 557, 775, 638, 996, 837, 851, 733, 851, 771, 721, 683, 813, 774, 1104, 771,
    725, 726, 458, 366, 458, 838, 557, 500, 675, 716, 593, 716, 679, 436, 716, 712, 343, 343, 666,
    343, 1042, 712, 688, 716, 716, 494, 596, 479, 712, 652, 924, 646, 652, 583, 712, 366, 712, 838,
    838, 1000, 380, 557, 838, 1000,
)
# fmt: on

NO_BREAK_SPACE = "\u00a0"
UNKNOWN = 1100  # about the width of an ideograph or emoji
WIDTHS = {weight: dict(zip(CHARACTERS, table, strict=True)) for weight, table in ((False, REGULAR), (True, BOLD))}


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of a line of text in pixels at a font size in pixels; no font common on screens is wider."""
    widths = WIDTHS[bold]
    return sum(widths.get(char, UNKNOWN) for char in text.replace(NO_BREAK_SPACE, " ")) * size / 1000
