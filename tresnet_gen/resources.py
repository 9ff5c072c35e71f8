"""The specs and templates that ship with the tool: beside the package in a checkout, inside it once installed."""

import os

PACKAGE = os.path.dirname(os.path.abspath(__file__))


def folder(name: str) -> str:
    """Return the folder of bundled `specs` or `templates`."""
    installed = os.path.join(PACKAGE, name)
    return installed if os.path.isdir(installed) else os.path.join(os.path.dirname(PACKAGE), name)


def bundled_specs() -> dict[str, str]:
    """Return the paths of the bundled specs by name, sorted; a name is that of the file, whatever folder it is in."""
    places = os.walk(folder("specs"))
    found = {file: os.path.join(place, file) for place, _, files in places for file in files if file.endswith(".yaml")}
    return {file.removesuffix(".yaml"): found[file] for file in sorted(found)}


def shown(name: str) -> str:
    """Return the path that messages give a bundled spec: below the working folder in a checkout, else <bundled>/."""
    bundled = bundled_specs()[name]
    below = os.path.relpath(bundled, folder("specs"))
    path = os.path.join("specs", below)
    in_checkout = os.path.exists(path) and os.path.samefile(path, bundled)
    return path if in_checkout else f"<bundled>/{below.replace(os.sep, '/')}"
