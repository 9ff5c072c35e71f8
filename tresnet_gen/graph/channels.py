"""Rules that make channels from channels."""


def rounded(channels: float, multiple: int = 8) -> int:
    """Return the nearest multiple, at least one and not below 90 % of `channels`.

    Source: `_make_divisible` of the MobileNet reference code.
    """
    nearest = max(multiple, int(channels + multiple / 2) // multiple * multiple)
    return nearest if nearest >= 0.9 * channels else nearest + multiple


def expanded(channels: int, expansion: float) -> int:
    """Return the hidden channels of an inverted residual block: a multiple of 8."""
    return rounded(channels * expansion)
