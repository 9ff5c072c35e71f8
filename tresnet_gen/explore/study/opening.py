"""A study in its storage: made, or gone on with."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tresnet_gen.version import __version__

if TYPE_CHECKING:
    import optuna
    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage

    from tresnet_gen.explore.study.problem import Problem
    from tresnet_gen.explore.study.study import Study

_MADE_FOR = "tresnet_gen"  # user attribute of an Optuna study


class OtherStudyError(ValueError):
    """The storage holds a study of that name with another spec, other axes, budgets or objectives."""


def open_study(
    spec: str | os.PathLike[str],
    axes: Sequence[str],
    *,
    budgets: Sequence[str] = (),
    maximise: Sequence[str] = (),
    minimise: Sequence[str] = (),
    overrides: Sequence[str] = (),
    storage: "str | os.PathLike[str] | BaseStorage" = "study.log",
    name: str | None = None,
    seed: int = 0,
    sampler: "Callable[[int], BaseSampler] | None" = None,
    retries: int = 2,
    silence_s: float = 300.0,
) -> "Study":
    """Return the study of a spec in a storage, a new one or the one that is there.

    `spec`, `axes`, `budgets` and `overrides` are written as on the command line. Objectives that follow from the spec,
    such as `macs` or `latency@rtx4090`, are filled in; other names are those of what the caller measures, in any unit.
    `storage` is the path of a journal file, a URL that Optuna's RDBStorage takes, or a storage of Optuna's. `name`
    tells studies in one storage apart; default: the spec's. `sampler` makes a sampler from a seed; default: TPE.

    A candidate whose worker died, or showed no life for `silence_s` seconds on a machine that cannot be looked up, is
    tried up to `retries` times more.

    Raises:
        SpecError, UnreadableError: for a spec or axes that are wrong.
        FigureError: for wrong budgets or objectives.
        OtherStudyError: when the storage has a study of that name that searches something else.
        ImportError: without Optuna; the message says how to install it.
    """
    try:
        import optuna
    except ModuleNotFoundError as error:
        raise ImportError("a study needs Optuna: pip install 'tresnet-gen[search]'") from error
    from tresnet_gen.explore.search.axes import base_of
    from tresnet_gen.explore.search.axis_texts import space_of
    from tresnet_gen.explore.study.problem import Source, problem_of
    from tresnet_gen.explore.study.sampling import PerTrial, tpe
    from tresnet_gen.explore.study.study import Study
    from tresnet_gen.frontend.resolve import find, read_file

    source = Source(spec if isinstance(spec, str) else os.path.abspath(spec), tuple(overrides))
    space = space_of(base_of(read_file(find(source.argument), os.fspath(spec)), overrides), axes)
    objectives = [*((text, True) for text in maximise), *((text, False) for text in minimise)]
    problem = problem_of(source, space, budgets, objectives)
    connected, release = _connected(storage)
    with _without_chatter():
        study = optuna.create_study(
            storage=connected,
            study_name=name or space.base.spec.name,
            directions=problem.directions,
            sampler=PerTrial(sampler or tpe, seed),
            load_if_exists=True,
        )
    _identify(study, problem)
    return Study(study, problem, seed=seed, retries=retries, silence_s=silence_s, release=release)


def _connected(storage: "str | os.PathLike[str] | BaseStorage") -> "tuple[BaseStorage, Callable[[], None]]":
    """Return a storage and what lets go of it."""
    if isinstance(storage, str) and "://" in storage:
        from optuna.storages import RDBStorage

        database = RDBStorage(storage)
        return database, database.engine.dispose
    if isinstance(storage, str | os.PathLike):
        from tresnet_gen.explore.study.journal import journal

        return journal(os.fspath(storage)), lambda: None
    return storage, lambda: None


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Keep Optuna from saying that it made or found a study."""
    from optuna import logging

    before = logging.get_verbosity()
    logging.set_verbosity(max(before, logging.WARNING))
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _identify(study: "optuna.Study", problem: "Problem") -> None:
    """Note in a new study what it searches; refuse one that searches something else."""
    wanted = problem.identity
    made_for = study.user_attrs.get(_MADE_FOR)
    if made_for is None and not study.get_trials(deepcopy=False):
        study.set_user_attr(_MADE_FOR, {**wanted, "version": __version__})
        return
    other = [part for part, value in wanted.items() if (made_for or {}).get(part) != value]
    if other:
        was = (
            "; ".join(f"its {part}: {_shown(made_for[part])}" for part in other)
            if made_for
            else "not made by tresnet-gen"
        )
        message = f"the study `{study.study_name}` in this storage searches something else ({was})"
        raise OtherStudyError(f"{message}; name another study or storage")


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)[:12]
