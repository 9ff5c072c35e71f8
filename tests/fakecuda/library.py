"""Compiles fakecuda.cpp for the torch that is installed, once: the library is kept in the user's cache folder."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_name("fakecuda.cpp")


class NoCompilerError(Exception):
    """There is no g++."""


@cache
def library() -> Path:
    """Return the shared library to load ahead of torch (LD_PRELOAD).

    Raises:
        NoCompilerError: when it must be compiled and g++ is missing.
    """
    torch = _torch_folder()
    key = f"{torch}\n{(torch / 'version.py').read_text()}\n{SOURCE.read_text()}"
    built = _cache_folder() / f"libfakecuda-{hashlib.sha256(key.encode()).hexdigest()[:16]}.so"
    if not built.exists():
        if not shutil.which("g++"):
            raise NoCompilerError("the shim that stands in for a GPU needs g++")
        _compile(torch, built)
    return built


def _compile(torch: Path, built: Path) -> None:
    """Compile beside the place of the library, then move it there: two test runs can do so at once."""
    built.parent.mkdir(parents=True, exist_ok=True)
    unfinished = built.with_suffix(f".{os.getpid()}")
    paths = [f"-I{torch}/include", f"-L{torch}/lib", f"-Wl,-rpath,{torch}/lib"]
    options = ["-std=c++20", "-O1", "-shared", "-fPIC"]
    command = ["g++", *options, str(SOURCE), "-o", str(unfinished), *paths, "-lc10", "-ltorch_cpu"]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"{SOURCE.name} does not compile:\n{error.stderr}") from error
    unfinished.replace(built)


def _torch_folder() -> Path:
    spec = importlib.util.find_spec("torch")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tresnet-gen-tests"
