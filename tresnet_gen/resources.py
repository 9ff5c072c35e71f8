"""The specs and templates that ship with the tool: beside the package in a checkout, inside it once installed."""

import os

PACKAGE = os.path.dirname(os.path.abspath(__file__))


def folder(name: str) -> str:
    """Return the folder of bundled `specs` or `templates`."""
    installed = os.path.join(PACKAGE, name)
    return installed if os.path.isdir(installed) else os.path.join(os.path.dirname(PACKAGE), name)


def bundled_specs() -> dict[str, str]:
    """Return the paths of the bundled specs by name, sorted; a spec in a subfolder is named FOLDER/NAME."""
    root = folder("specs")
    found = {}
    for place, _, files in os.walk(root):
        for file in files:
            if file.endswith(".yaml"):
                path = os.path.join(place, file)
                found[os.path.relpath(path, root).removesuffix(".yaml").replace(os.sep, "/")] = path
    return dict(sorted(found.items()))


def shown(name: str) -> str:
    """Return the path that messages give a bundled spec: below the working folder in a checkout, else <bundled>/."""
    path = os.path.join("specs", f"{name}.yaml")
    bundled = os.path.join(folder("specs"), f"{name}.yaml")
    in_checkout = os.path.exists(path) and os.path.exists(bundled) and os.path.samefile(path, bundled)
    return path if in_checkout else f"<bundled>/{name}.yaml"
