"""The command line: the only folder that prints, exits or writes. One command a module."""

import gc
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and exit."""
    gc.disable()  # a run ends before collecting would pay: 5 ms of an 80 ms start
    from tresnet_gen.cli.app import run

    run()
