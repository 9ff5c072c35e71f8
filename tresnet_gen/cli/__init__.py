"""The command line: the only folder that prints, exits or writes. One command a module."""

from tresnet_gen.cli.app import main

__all__ = ["main"]
