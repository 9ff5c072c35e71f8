"""The sdist and the wheel have what the tool needs, and an installed tool works from any folder without torch."""

import os
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from tresnet_gen.version import __version__

ROOT = Path(__file__).resolve().parents[2]
SPECS = sorted(path.stem for path in (ROOT / "specs").rglob("*.yaml"))
FROM_SOURCE = ("tresnet_gen", "specs", "templates")


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command that must succeed, away from this checkout, and return what it prints."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON") and k != "VIRTUAL_ENV"}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the sdist, built from this checkout, and the wheel, built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def python(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of a fresh environment with the wheel and its dependencies alone."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    install = [python, "-m", "pip", "install", "--quiet", *dependencies]
    reached = subprocess.run(install, cwd=folder, capture_output=True)
    if reached.returncode and not os.environ.get("CI"):
        pytest.skip("no package index: the wheel's dependencies cannot be installed")
    [wheel] = built.glob("*.whl")
    run(python, "-m", "pip", "install", "--quiet", wheel, cwd=folder)
    return python


def sources() -> set[str]:
    """Return the files of the package, its specs and templates, by their path in the checkout."""
    found = (path for folder in FROM_SOURCE for path in (ROOT / folder).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in found if "__pycache__" not in path.parts}


def test_the_wheel_has_package_specs_templates_and_licence(built: Path) -> None:
    with zipfile.ZipFile(built / f"tresnet_gen-{__version__}-py3-none-any.whl") as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        metadata = wheel.read(f"tresnet_gen-{__version__}.dist-info/METADATA").decode()
        assert f"tresnet_gen-{__version__}.dist-info/licenses/LICENSE" in wheel.namelist()
    assert names == {name if name.startswith("tresnet_gen/") else f"tresnet_gen/{name}" for name in sources()}
    assert "License-Expression: MIT" in metadata
    needs = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:")]
    assert not [line for line in needs if "torch" in line and "extra ==" not in line]


def test_the_sdist_has_everything_to_build_and_test(built: Path) -> None:
    with tarfile.open(built / f"tresnet_gen-{__version__}.tar.gz") as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert sources() <= names
    assert {f"generated/{name}.py" for name in SPECS} <= names
    assert {"README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "cli.py", "pyproject.toml"} <= names
    assert {"tests/oracle.py", "docs/reference.md", "benchmarks/startup.py", ".pre-commit-hooks.yaml"} <= names
    assert not [name for name in names if "__pycache__" in name or ".venv" in name]


def test_the_installed_tool_emits_the_committed_modules_from_any_folder(python: Path, tmp_path: Path) -> None:
    run(python.with_name("tresnet-gen"), "build", *SPECS, "-o", "out", cwd=tmp_path)
    for name in SPECS:
        assert (tmp_path / "out" / f"{name}.py").read_bytes() == (ROOT / "generated" / f"{name}.py").read_bytes(), name


def test_the_installed_tool_has_schema_specs_and_api(python: Path, tmp_path: Path) -> None:
    tool = python.with_name("tresnet-gen")
    assert run(tool, "schema", cwd=tmp_path) == (ROOT / "tresnet_gen" / "spec.schema.json").read_text()
    assert all(name in run(tool, "list", cwd=tmp_path) for name in SPECS)
    assert run(tool, "--version", cwd=tmp_path) == f"tresnet-gen, version {__version__}\n"
    program = "import tresnet_gen as t; print(t.count(t.build_graph(t.load_spec('tresnet_l'))).totals.params)"
    assert run(python, "-c", program, cwd=tmp_path) == "55989256\n"


def test_nothing_needed_torch(python: Path, tmp_path: Path) -> None:
    installed = run(python, "-m", "pip", "list", "--format", "freeze", cwd=tmp_path)
    names = {line.partition("==")[0].lower() for line in installed.splitlines()}
    assert "tresnet-gen" in names
    assert not names & {"torch", "numpy"}
