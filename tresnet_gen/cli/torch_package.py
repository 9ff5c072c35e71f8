"""Whether the torch that is installed can be used."""

from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from tresnet_gen.cli.specs import UNREADABLE, refuse
from tresnet_gen.frontend.diagnostics import Diagnostic, printable

OLDEST_TORCH = (2, 4)


def torch_version(purpose: str, needed: Sequence[str], output_format: str) -> str:
    """Return the version of torch once `needed` modules of ours are imported, or explain what is missing and exit.

    `purpose` says what the command needs torch for. A broken installation fails in many ways; a module of ours that is
    missing is no fault of torch's, and is raised.
    """
    try:
        version, numbers = _installed()
        for module in needed if numbers >= OLDEST_TORCH else ():
            import_module(module)
    except Exception as error:
        if isinstance(error, ImportError) and (error.name or "").partition(".")[0] == __package__.partition(".")[0]:
            raise
        lines = str(error).strip().splitlines()
        shown = printable(f"{type(error).__name__}: {lines[0] if lines else 'no reason given'}", 200)
        _refuse(f"torch cannot be imported ({shown}); {purpose}", output_format)
    if numbers < OLDEST_TORCH:
        _refuse(f"torch {printable(version)} is too old; {purpose}", output_format)
    return version


def _refuse(reason: str, output_format: str) -> NoReturn:
    oldest = ".".join(map(str, OLDEST_TORCH))
    advice = f"install torch {oldest} or later beside tresnet-gen (pip install torch)"
    refuse([Diagnostic(UNREADABLE, f"{reason}: {advice}")], output_format, code=2)


def _installed() -> tuple[str, tuple[int, ...]]:
    import torch
    from torch import nn  # noqa: F401  # a folder that is only called torch has no nn

    version = str(torch.__version__)
    return version, tuple(int(part) for part in version.split(".")[:2])
