"""A device file of the user's, read by the front end's reader: its limits hold, and nothing is constructed."""

from typing import Any

from tresnet_gen.analysis.devices import DeviceError
from tresnet_gen.frontend.diagnostics import SpecError, printable
from tresnet_gen.frontend.resolve import UnreadableError, read_file
from tresnet_gen.frontend.source import compose, plain


def sheet_of(path: str) -> Any:
    """Return the plain data of a file.

    Raises:
        DeviceError: when it cannot be read or is not YAML as specs are; the message names the place.
    """
    try:
        return plain(compose(read_file(path).text))
    except UnreadableError as error:
        raise DeviceError(str(error)) from error
    except SpecError as error:
        finding = error.diagnostics[0]
        name, line, column = finding.place
        raise DeviceError(f"cannot read {printable(name, 400)}:{line}:{column}: {finding.message}") from error
