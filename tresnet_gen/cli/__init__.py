"""The command line: the only folder that prints, exits or writes. One command a module."""

import gc
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and exit."""
    gc.disable()  # a run ends before collecting would pay: 5 ms of an 80 ms start
    try:
        from tresnet_gen.cli.app import run

        run()
    except KeyboardInterrupt:  # while modules were imported, or while it was told what went wrong
        from tresnet_gen.cli.terminal import talk

        talk("interrupted")
        sys.exit(130)
