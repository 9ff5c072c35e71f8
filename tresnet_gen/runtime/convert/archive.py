"""Looks into a file before torch does, and refuses what is not weights or would take too much memory to read.

torch inflates compressed archives, and believes what is said about sizes. Files of torch.save are stored, not
compressed, and have few objects beside the tensors' data.
"""

import io
import os
import zipfile
from typing import BinaryIO

from tresnet_gen.frontend.diagnostics import printable
from tresnet_gen.runtime.convert import CheckpointError
from tresnet_gen.runtime.convert.objects import scan

MIB = 1 << 20
MAX_OBJECTS_BYTES = 8 * MIB  # of the pickle, which has names and shapes only, and of a zip archive's directory
MAX_HEADER_BYTES = 4 * MIB  # of a safetensors file: some 40,000 tensors

ZIP = b"PK\x03\x04"
LEGACY = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."  # torch's magic number, pickled
LEGACY_PICKLES = 5  # magic number, protocol, system, objects, keys of the storages that follow


class _Bounded(io.FileIO):
    """A file that is read in bounded parts: what a zip archive says about the size of its parts is not believed."""

    def read(self, size: int | None = -1, /) -> bytes:
        bounded = MAX_OBJECTS_BYTES + 1 if size is None or size < 0 else size
        data = super().read(bounded) if bounded <= MAX_OBJECTS_BYTES + 1 else None
        if data is None or len(data) > MAX_OBJECTS_BYTES:
            raise CheckpointError(_too_many_objects())
        return data


def inspect(path: str) -> str:
    """Return how a file is stored: zip, legacy (torch's before 1.6) or safetensors.

    Raises:
        CheckpointError: for anything that is not weights, is damaged or would take too much memory.
        OSError: when the file cannot be read.
    """
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(len(LEGACY))
        if start.startswith(ZIP):
            _inspect_zip(path, size)
            return "zip"
        if start == LEGACY:
            file.seek(0)
            _inspect_legacy(file)
            return "legacy"
    if start[8:9] == b"{":
        _inspect_header(int.from_bytes(start[:8], "little"), size)
        return "safetensors"
    if not size:
        raise CheckpointError("the file is empty")
    raise CheckpointError("neither a file of torch.save nor a safetensors file")


def _inspect_zip(path: str, size: int) -> None:
    try:
        with _Bounded(path) as file, zipfile.ZipFile(file) as archive:
            objects = _objects(archive, size)
    except CheckpointError:
        raise
    except Exception as error:  # zipfile raises a dozen kinds on damaged archives
        raise CheckpointError("damaged: a zip archive without its end, or with parts that do not fit") from error
    scan(io.BytesIO(objects))


def _objects(archive: zipfile.ZipFile, size: int) -> bytes:
    """Return the pickle of an archive that torch.save wrote."""
    members = archive.infolist()
    if any(member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1 for member in members):
        raise CheckpointError("compressed or encrypted inside, which torch.save does not do")
    if sum(member.file_size for member in members) > size:
        raise CheckpointError("damaged: its parts are larger together than the file")
    pickles = [member for member in members if member.filename.rpartition("/")[2] == "data.pkl"]
    if len(pickles) != 1:
        raise CheckpointError("a zip archive without one data.pkl: not a file of torch.save")
    if pickles[0].file_size > MAX_OBJECTS_BYTES:
        raise CheckpointError(_too_many_objects())
    with archive.open(pickles[0]) as file:
        return file.read()


def _too_many_objects() -> str:
    return f"more than {MAX_OBJECTS_BYTES:,} bytes beside the tensors: not the state of a network"


def _inspect_legacy(file: BinaryIO) -> None:
    data = io.BytesIO(file.read(MAX_OBJECTS_BYTES))
    for _ in range(LEGACY_PICKLES):
        scan(data)


def _inspect_header(header: int, size: int) -> None:
    """Refuse a safetensors file whose header is too long to be one."""
    if header > size - 8:
        raise CheckpointError(f"damaged: a header of {header:,} bytes in a file of {size:,}")
    if header > MAX_HEADER_BYTES:
        raise CheckpointError(f"a header of {header:,} bytes; more than {MAX_HEADER_BYTES:,} are not read")


def damaged(error: Exception) -> CheckpointError:
    """Return what a reader raised as one line."""
    lines = str(error).strip().splitlines()
    reason = printable(lines[0], 160) if lines else type(error).__name__
    return CheckpointError(f"damaged, or no checkpoint: {reason}")
