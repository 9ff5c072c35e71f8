"""Arguments and options that several commands share."""

import os
from collections.abc import Callable
from typing import Any

import click
from click.shell_completion import CompletionItem

SUFFIXES = (".yaml", ".yml")
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class SpecType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """A spec file, a bundled name or `-`; completes both."""

    name = "spec"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from tresnet_gen.resources import bundled_specs

        names = [name for name in bundled_specs() if name.startswith(incomplete)]
        if not names:
            return [CompletionItem(incomplete, type="file")]
        # Bash drops everything else when it is told to complete files itself.
        files = [name for name in sorted(os.listdir()) if name.startswith(incomplete) and name.endswith(SUFFIXES)]
        return [CompletionItem(name) for name in (*names, *files)]


def specs(several: bool = True) -> Decorator:
    """Return the SPEC argument."""
    if several:
        return click.argument("specs", metavar="SPEC...", nargs=-1, required=True, type=SpecType())
    return click.argument("spec", metavar="SPEC", type=SpecType())


def overrides() -> Decorator:
    """Return the `--set` option."""
    return click.option(
        "--set",
        "overrides",
        metavar="PATH=VALUE",
        multiple=True,
        help="Change a value: --set stages.2.depth=24. Can be given several times.",
    )


def formats(*more: str) -> Decorator:
    """Return the `--format` option with text, json and `more`."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(["text", "json", *more]),
        default="text",
        show_default=True,
        help="Form of the output.",
    )
