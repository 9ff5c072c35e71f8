"""The specs and templates that ship with the tool: beside the package in a checkout, inside it once installed."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """Return the folder of bundled `specs` or `templates`."""
    installed = PACKAGE / name
    return installed if installed.is_dir() else PACKAGE.parent / name


def bundled_specs() -> dict[str, Path]:
    """Return the bundled specs by name, sorted."""
    root = folder("specs")
    return {path.relative_to(root).with_suffix("").as_posix(): path for path in sorted(root.rglob("*.yaml"))}
