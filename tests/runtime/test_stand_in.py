"""The stand-in for a GPU: it takes part, or the run fails where that is asked for."""

from pathlib import Path

import pytest

from tests import oracle_memory
from tests.fakecuda.library import NoCompilerError, library
from tests.oracle_memory import measured_text
from tresnet_gen.analysis.step import Step


@pytest.fixture
def no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(oracle_memory, "library", library.__wrapped__)


@pytest.mark.usefixtures("no_compiler")
def test_without_a_compiler_tests_are_skipped_but_not_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "1")
    with pytest.raises(NoCompilerError, match="g\\+\\+"):
        oracle_memory._worker.__wrapped__()
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="g\\+\\+"):
        oracle_memory._worker.__wrapped__()


def test_an_error_in_the_other_process_is_an_error_here() -> None:
    text = "__all__ = ['Broken']\n\n\ndef Broken():\n    raise ValueError('broken on purpose')\n"
    step = Step(train=True, device="cuda")
    for _ in range(2):  # the process goes on
        with pytest.raises(RuntimeError, match="broken on purpose"):
            measured_text(text, (3, 8, 8), step, 2)
