"""Commands import only what they use. benchmarks/startup.py has what that is worth in time."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"jinja2", "jsonschema", "networkx", "numpy", "optuna", "torch", "watchdog"}


def imported(*command: str, cwd: Path) -> set[str]:
    """Return the heavy packages a process imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *command], cwd=cwd, capture_output=True, text=True, timeout=60
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines} & HEAVY


@pytest.mark.parametrize(
    ("command", "used"),
    [
        ("--help", set()),
        ("validate tresnet_l", set()),
        ("estimate tresnet_l", set()),
        ("estimate tresnet_l --format json", set()),
        ("diff tresnet_m tresnet_l", set()),
        ("show tresnet_l --resolved", set()),
        ("search tresnet_l --axis stages.2.depth=17,18 --minimise latency@t4 --maximise params", set()),
        ("list", set()),
        ("init mine", set()),
        ("watch missing.yaml", set()),
        ("build tresnet_l", {"jinja2"}),
        ("schema", {"jsonschema"}),
        ("graph tresnet_l", {"networkx"}),
        ("report tresnet_m", {"jinja2"}),
    ],
)
def test_a_command_imports_only_what_it_uses(command: str, used: set[str], tmp_path: Path) -> None:
    assert imported(str(ROOT / "cli.py"), *command.split(), cwd=tmp_path) <= used


def test_the_package_imports_nothing_heavy(tmp_path: Path) -> None:
    assert imported("-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); import tresnet_gen", cwd=tmp_path) == set()
