"""Studies: what is asked, what never is, what a seed fixes, and what survives the death of workers."""

import os
import signal
import subprocess
import sys
import time
from itertools import product
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import InMemoryStorage
from optuna.trial import TrialState

from tests.explore.study.problems import AXES, SPEC, measure_all, score, study_in
from tresnet_gen import SpecError, build_graph, count, load_spec
from tresnet_gen.analysis.memory import replay
from tresnet_gen.analysis.step import Step
from tresnet_gen.explore.search.figures import FigureError
from tresnet_gen.explore.study import study as study_module
from tresnet_gen.explore.study.liveness import WORKER
from tresnet_gen.explore.study.opening import OtherStudyError
from tresnet_gen.explore.study.study import NothingFitsError, Study
from tresnet_gen.explore.study.worker import Worker, here

STEP = Step(True, "amp-fp16", "sgd")
ROOT = Path(__file__).parents[3]
EDITS = list(
    product(
        ["stages.0.depth=1", "stages.0.depth=2", "stages.0.depth=3"],
        ["stages.1.width=64", "stages.1.width=96", "stages.1.width=128"],
        ["stages.1.se=null", "stages.1.se={ratio: 8, min_channels: 16}"],
    )
)
GRAPHS = {edits: build_graph(load_spec(SPEC, edits)) for edits in EDITS}
MACS = {edits: count(graph).totals.macs for edits, graph in GRAPHS.items()}
SCORES = {edits: score(graph) for edits, graph in GRAPHS.items()}
WITHIN = {edits for edits, macs in MACS.items() if macs < 1.8e9}
BEST = {
    one
    for one in WITHIN
    if not any(
        SCORES[other] >= SCORES[one]
        and MACS[other] <= MACS[one]
        and (SCORES[other], MACS[other]) != (SCORES[one], MACS[one])
        for other in WITHIN
    )
}


def dead() -> Worker:
    """Return a process of this machine that has ended."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    return Worker(here().machine, ended.pid, 1)


def leave(study: Study, worker: Worker) -> tuple[str, ...]:
    """Ask for a candidate as if another process had, which is `worker`; return its edits."""
    candidate = study.ask()
    assert candidate
    trial, heartbeat = study._open.pop(candidate.number)
    heartbeat.stop()
    trial.set_user_attr(WORKER, worker.text)
    return candidate.edits


def states(study: Study) -> list[TrialState]:
    return [trial.state for trial in study.optuna_study.get_trials()]


def test_the_problem_has_something_to_find() -> None:
    assert 0 < len(BEST) < len(WITHIN) < len(EDITS)


@pytest.mark.parametrize("storage", ["journal", "memory"])
def test_every_candidate_within_budget_is_asked_once_and_the_front_is_that_of_brute_force(
    storage: str, tmp_path: Path
) -> None:
    with study_in(tmp_path / "made" / "study.log" if storage == "journal" else InMemoryStorage()) as study:
        asked = measure_all(study)
        assert sorted(asked) == sorted(WITHIN)
        assert {result.edits for result in study.front()} == BEST
        for result in study.results():
            assert result.values == {"score": SCORES[result.edits], "macs": MACS[result.edits]}
        assert study.front() == sorted(study.front(), key=lambda result: -result.values["score"])
        over_budget = len(EDITS) - len(WITHIN)
        assert study.tally() == (len(WITHIN), over_budget, 0, 0, 0, 0)
        assert str(study.tally()) == f"{len(WITHIN)} measured, {over_budget} over budget"


def test_a_database_is_a_storage_too(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    with study_in(url, AXES[:1], budgets=[]) as study:
        first = measure_all(study, 1)
        leave(study, dead())
    with study_in(url, AXES[:1], budgets=[]) as study:
        assert len({*first, *measure_all(study)}) == study.tally().measured == 3
    with pytest.raises(OtherStudyError):
        study_in(url, AXES[1:2])


def test_what_is_over_budget_is_told_with_how_far() -> None:
    with study_in(InMemoryStorage()) as study:
        measure_all(study)
        refused = [trial for trial in study.optuna_study.get_trials() if "excess" in trial.user_attrs]
        assert len(refused) == len(EDITS) - len(WITHIN)
        for trial in refused:
            macs = MACS[study.problem.edits(trial.params)]
            assert trial.state == TrialState.PRUNED and trial.values is None
            assert trial.user_attrs["excess"] == pytest.approx(macs / 1.8e9 - 1)


def test_a_budget_may_be_a_multiple_of_what_the_base_has() -> None:
    with study_in(InMemoryStorage(), budgets=["macs<=x1", "memory<x1.02@4,amp,sgd"]) as study:
        asked = measure_all(study)
    own = build_graph(load_spec(SPEC))
    bytes_of = {edits: replay(graph, STEP).peak_bytes(4) for edits, graph in GRAPHS.items()}
    within = [
        edits
        for edits in EDITS
        if MACS[edits] <= count(own).totals.macs and bytes_of[edits] < 1.02 * replay(own, STEP).peak_bytes(4)
    ]
    assert sorted(asked) == sorted(within) and 0 < len(within) < len(EDITS)


def test_invalid_specs_are_never_asked() -> None:
    axes = ["stages.0.block=basic,bottleneck", "stages.0.groups=1,3", "stages.0.depth=1,2"]
    with study_in(InMemoryStorage(), axes, budgets=[]) as study:
        asked = measure_all(study)
        tally = study.tally()
    legal = set()
    for edits in product(
        *([f"{path}={value}" for value in values.split(",")] for path, values in (a.split("=") for a in axes))
    ):
        try:
            build_graph(load_spec(SPEC, edits))
            legal.add(edits)
        except SpecError:
            pass
    assert set(asked) == legal
    assert (tally.measured, tally.invalid) == (len(legal), 8 - len(legal)) and 0 < len(legal) < 8


def test_a_budget_that_nothing_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    with study_in(InMemoryStorage(), budgets=["params<1k"]) as study:
        assert study.ask() is None and study.tally().over_budget == len(EDITS)
    monkeypatch.setattr(study_module, "MOST_DRAWS", 20)
    with (
        study_in(InMemoryStorage(), ["stages.*.depth=1..20"], budgets=["params<1k"]) as study,
        pytest.raises(NothingFitsError, match="20 draws in a row were over budget"),
    ):
        study.ask()


def test_the_seed_fixes_the_sequence_also_over_restarts(tmp_path: Path) -> None:
    def sequence(seed: int) -> list[tuple[str, ...]]:
        with study_in(InMemoryStorage(), seed=seed) as study:
            return measure_all(study, 9)

    resumed = []
    for trials in range(1, 10):
        with study_in(tmp_path / "study.log", seed=5) as study:
            resumed += measure_all(study, trials)
    assert sequence(5) == sequence(5) == resumed != sequence(6)


def test_trials_are_counted_over_all_workers(tmp_path: Path) -> None:
    with study_in(tmp_path / "study.log") as one, study_in(tmp_path / "study.log") as other:
        first, second = one.ask(2), other.ask(2)
        assert first and second and one.ask(2) is None and other.ask(2) is None
        one.tell(first, {"score": 1.0})
        assert other.ask(2) is None
        other.fail(second, "out of memory")
        assert other.ask(2) is not None


def test_no_two_workers_are_at_one_candidate(tmp_path: Path) -> None:
    with study_in(tmp_path / "study.log") as one, study_in(tmp_path / "study.log") as other:
        asked = [candidate.edits for _ in WITHIN for study in (one, other) if (candidate := study.ask())]
        assert sorted(asked) == sorted(WITHIN)
        assert one.ask() is None and other.ask() is None
        assert one.tally().running == len(WITHIN)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spec": "resnet34"}, "(its spec: "),
        ({"axes": AXES[:2]}, "(its axes: stages.0.depth=1..3..1, stages.1.se=null,{ratio: 8, min_channels: 16}, "),
        ({"budgets": ["macs<1.9G"]}, "(its budgets: macs<1.8G)"),
        ({"minimise": ["params"]}, "(its objectives: maximise score, minimise macs)"),
        ({"maximise": []}, "(its objectives: "),
    ],
)
def test_a_study_is_not_gone_on_with_as_another(change: dict[str, Any], message: str) -> None:
    storage = InMemoryStorage()
    study_in(storage, name="one").close()
    with pytest.raises(OtherStudyError) as refused:
        study_in(storage, name="one", **change)
    assert message in str(refused.value)
    study_in(storage, name="two", **change).close()


def test_a_study_knows_its_spec_by_what_it_is_not_by_its_name(tmp_path: Path) -> None:
    storage = InMemoryStorage()
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(f"name: {name}\ndescription: {name}\nextends: resnet18\n", "utf-8")
        study_in(storage, spec=tmp_path / f"{name}.yaml", name="shared").close()
    assert len(optuna.get_all_study_names(storage)) == 1


def test_a_study_of_something_else_is_not_taken_over() -> None:
    storage = InMemoryStorage()
    study = optuna.create_study(storage=storage, study_name="theirs", directions=["maximize", "minimize"])
    study.add_trial(optuna.trial.create_trial(values=[1, 2]))
    with pytest.raises(OtherStudyError, match="not made by tresnet-gen"):
        study_in(storage, name="theirs")


def test_what_is_told_must_be_what_was_asked_for() -> None:
    with study_in(InMemoryStorage()) as study:
        candidate = study.ask()
        assert candidate and candidate.figures == {"macs": MACS[candidate.edits]}
        for wrong in ({}, {"accuracy": 0.5}, {"score": 0.5, "macs": 1.0}):
            with pytest.raises(ValueError, match="values wanted: score; got"):
                study.tell(candidate, wrong)
        study.tell(candidate, {"score": 0.5}, {"seconds": 3.0})
        assert study.results()[0].notes == {"seconds": 3.0}
        with pytest.raises(ValueError, match="was told already"):
            study.tell(candidate, {"score": 0.5})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_no_number_is_a_failure_and_not_tried_again(value: float) -> None:
    with study_in(InMemoryStorage()) as study:
        candidate = study.ask()
        assert candidate
        study.tell(candidate, {"score": value})
        assert states(study)[-1] == TrialState.FAIL
        assert candidate.edits not in measure_all(study)
        assert study.tally().failed == 1


def test_objectives_are_named(tmp_path: Path) -> None:
    with pytest.raises(FigureError, match="name what to optimise"):
        study_in(InMemoryStorage(), maximise=[], minimise=[])
    with pytest.raises(FigureError, match="`macs` is named twice"):
        study_in(InMemoryStorage(), maximise=["macs"])
    with study_in(InMemoryStorage(), maximise=["top-1"], minimise=["latency@rtx4090", "flops"]) as study:
        candidate = study.ask()
        assert candidate and set(candidate.figures) == {"flops", "latency@rtx4090"}


@pytest.mark.parametrize("spec", ["bundled", "file", "elsewhere"])
def test_the_front_is_written_as_specs(spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "my_net.yaml").write_text("name: my_net\nextends: resnet18\n", "utf-8")
    named: dict[str, str | Path] = {
        "bundled": SPEC,
        "file": "base/my_net.yaml",
        "elsewhere": tmp_path / "base/my_net.yaml",
    }
    folder = tmp_path / "found" if spec != "elsewhere" else tmp_path.parent / f"{tmp_path.name}_found"
    folder.mkdir()
    with study_in(InMemoryStorage(), spec=named[spec], overrides=["num_classes=10"], budgets=[]) as study:
        measure_all(study, 4)
        texts, front = study.specs(folder), study.front()
    assert len(texts) == len(front) > 0
    for (name, text), result in zip(texts.items(), front, strict=True):
        (folder / name).write_text(text, "utf-8")
        found = load_spec(folder / name)
        assert f"{found.name}.yaml" == name and found.num_classes == 10
        assert count(build_graph(found)).totals.macs == result.values["macs"]
        assert f"score {result.values['score']:.4g}" in found.description


def test_an_interrupted_worker_gives_its_candidate_back(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), study_in(tmp_path / "study.log") as study:
        candidate = study.ask()
        raise KeyboardInterrupt
    with study_in(tmp_path / "study.log") as study:
        assert study.tally() == (0, *study.tally()[1:4], 0, 1)
        again = study.ask()
        assert again and candidate and again.edits == candidate.edits


def test_what_a_dead_worker_left_is_tried_again_but_not_for_ever() -> None:
    with study_in(InMemoryStorage(), retries=2) as study:
        left = [leave(study, dead()) for _ in range(3)]
        assert left[0] == left[1] == left[2]
        assert left[0] not in measure_all(study)
        assert study.tally().failed == 1
        assert study.tally().measured == len(WITHIN) - 1


def test_a_worker_that_died_before_it_drew_anything_takes_no_place() -> None:
    with study_in(InMemoryStorage(), silence_s=0.3) as study:
        study.optuna_study.ask()
        assert len(measure_all(study, 2)) == 2
        assert states(study).count(TrialState.FAIL) == 1


def test_a_retry_whose_worker_died_before_it_put_its_name_to_it_is_not_lost() -> None:
    with study_in(InMemoryStorage(), silence_s=0.3) as study:
        left = leave(study, dead())
        study._swept()
        study.optuna_study.ask()  # takes the retry, and says nothing more
        assert left in measure_all(study) and study.tally().measured == len(WITHIN)


def test_a_silent_worker_elsewhere_is_given_up_and_what_it_tells_late_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "study.log"
    with study_in(path) as late, study_in(path, silence_s=60) as patient, study_in(path, silence_s=0.2) as hasty:
        candidate = late.ask()
        assert candidate
        late._open[candidate.number][0].set_user_attr(WORKER, "another/machine 1 1")
        asked = [patient.ask(), hasty.ask()]  # both see it at work
        time.sleep(0.3)
        asked.append(patient.ask())
        assert candidate.edits not in [one.edits for one in asked if one]
        again = hasty.ask()
        assert again and again.edits == candidate.edits
        late.tell(candidate, {"score": 7.0}, {"seconds": 3.0})
        hasty.tell(again, {"score": 8.0})
        [found] = hasty.results()
        assert found.edits == candidate.edits and hasty.tally().measured == 1
        assert hasty.optuna_study.get_trials()[-1].values == [7.0, MACS[candidate.edits]]


def test_a_heartbeat_keeps_a_candidate(tmp_path: Path) -> None:
    with study_in(tmp_path / "study.log", silence_s=0.05) as study:
        candidate = study.ask()
        assert candidate
        trial, _ = study._open[candidate.number]
        beats = set()
        while len(beats) < 3:
            beats.add(study.optuna_study.get_trials()[trial.number].user_attrs.get("beat"))
        study.tell(candidate, {"score": 1.0})
        assert states(study)[trial.number] == TrialState.COMPLETE


def worker(path: Path, seconds: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-W", "error", "-m", "tests.explore.study.problems", str(path), str(seconds)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_killed_workers_lose_nothing_that_was_told_and_repeat_nothing(tmp_path: Path) -> None:
    path = tmp_path / "study.log"
    study_in(path).close()
    workers = [worker(path, 0.05), worker(path, 600)]
    stuck = workers[1].stdout.readline().split()  # type: ignore[union-attr]
    first = [workers[0].stdout.readline().split() for _ in range(4)]  # type: ignore[union-attr]
    for process in workers:
        process.send_signal(signal.SIGKILL)
    lines = [*first, *(line.split() for line in workers[0].communicate()[0].splitlines())]
    workers[1].communicate()
    told = {int(number): float(value[0]) for what, number, *value in lines if what == "told"}
    assert len(told) >= 2 and stuck[0] == "asked"

    with study_in(path) as study:
        measure_all(study)
        trials = study.optuna_study.get_trials()
        assert {number: trials[number].values[0] for number in told} == told
        complete = [study.problem.edits(trial.params) for trial in trials if trial.state == TrialState.COMPLETE]
        assert sorted(complete) == sorted(WITHIN)
        assert trials[int(stuck[1])].state == TrialState.FAIL
        assert not [trial for trial in trials if trial.state == TrialState.RUNNING and WORKER in trial.user_attrs]


def test_opening_says_nothing_and_leaves_the_verbosity(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    before = optuna.logging.get_verbosity()
    for _ in range(2):
        study_in(tmp_path / "study.log").close()
    assert capfd.readouterr() == ("", "") and optuna.logging.get_verbosity() == before


def test_without_optuna_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ImportError, match=r"pip install 'tresnet-gen\[search\]'"):
        study_in("never made.log")
    assert not os.path.exists("never made.log")
