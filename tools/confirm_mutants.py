"""Does a plain `pytest` kill what tools/mutate.py says it kills?

    python tools/confirm_mutants.py [ops blocks memory ...] [--sample N] [--seed S] [--outcome facts|limit|survived]
                                    [--tests FILE ...]

Draws mutants of the journal at random. Each is written to a copy of the project, and pytest runs there in a process of
its own, with the project's own options: the test that is said to kill it, or, for those of other outcomes, all test
files that the mutant was tried by, or --tests. Prints a line for each, then how many of them pytest kills.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tools.mutate import Journal, places_of  # noqa: E402
from tools.mutation_tests import FACTS, GROUPS, TESTS  # noqa: E402

LIMIT_S = 300
KILLS = (1, 2)  # of pytest: tests failed, a test file could not be collected


def main() -> None:
    """Confirm a sample of the journal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="*", default=["ops", "blocks", "memory"], help=f"of {', '.join(GROUPS)}")
    parser.add_argument("--sample", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--outcome", default="facts")
    parser.add_argument("--tests", nargs="+", default=[], help="what pytest is to run, in place of the tests that kill")
    parser.add_argument("--journal", type=Path, default=ROOT / ".mutation" / "journal.jsonl")
    arguments = parser.parse_args()
    found = Journal(arguments.journal).found
    places = [place for group in arguments.groups for place in places_of(group, [])]
    places = [place for place in places if found.get(place.key, {}).get("outcome") == arguments.outcome]
    places = random.Random(arguments.seed).sample(places, min(arguments.sample, len(places)))
    with tempfile.TemporaryDirectory() as folder:
        copy_project(Path(folder))
        became = Counter[str]()
        for place in places:
            source = Path(folder, place.path)
            source.write_text(place.mutant.of(place.text), encoding="utf-8")
            tests = arguments.tests or tests_of(place.group, found[place.key]["by"])
            said = pytest_says(Path(folder), tests)
            source.write_text(place.text, encoding="utf-8")
            became[said] += 1
            print(f"{said}: {place}\n    {tests[0] if len(tests) == 1 else f'{len(tests)} files'}", flush=True)
        every = arguments.tests or sorted({test for group in arguments.groups for test in tests_of(group, "")})
        passed = pytest_says(Path(folder), every)
    print(f"the source as it stands: {passed}")
    print(f"{len(places)} mutants of outcome {arguments.outcome}: {dict(became)}")


def copy_project(folder: Path) -> None:
    """Copy the files that git knows, as they stand."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())


def tests_of(group: str, by: str) -> list[str]:
    """Return what pytest is to run: the test that kills, or the files of all."""
    if by.startswith("tests"):
        name = by.rpartition(": ")[0] or by
        module, _, function = name.partition(":")
        return [f"{module.replace('.', '/')}.py::{function}"]
    files = {f"{name.partition(':')[0].replace('.', '/')}.py" for name in FACTS[group]}
    return sorted(files | set(TESTS))


def pytest_says(folder: Path, tests: list[str]) -> str:
    """Return `killed` or `passed`, or what else became of a run of pytest."""
    command = [sys.executable, "-m", "pytest", "-n0", "-q", "-x", "--tb=no", "-p", "no:cacheprovider", *tests]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}  # a mutant may be as long as the one before it
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return f"not done in {LIMIT_S} s"
    if done.returncode in KILLS:
        return "killed"
    return "passed" if done.returncode == 0 else f"exit {done.returncode}"


if __name__ == "__main__":
    main()
