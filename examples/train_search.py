"""Searches variants of a small network by training them, in several processes that share one study.

    python examples/train_search.py --trials 40 --workers 2

Each variant of examples/digits.yaml within the budget is emitted as a module, imported, and trained on scikit-learn's
digits: 1,797 grey images of 8 x 8 pixels. The study makes accuracy large and MACs small. Stop it however you like, even
by pulling the plug: the same command goes on, and what was measured stays measured.

To search a network of your own, change SPEC, AXES and BUDGETS, and write a `train` that returns what you measure.

Needs torch and scikit-learn: pip install 'tresnet-gen[search,torch]' scikit-learn
"""

import argparse
import multiprocessing
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tresnet_gen import Graph, emit, open_study

if TYPE_CHECKING:
    from torch import Tensor, nn

    from tresnet_gen.explore.study.study import Study

SPEC = Path(__file__).with_name("digits.yaml")
AXES = [
    "stages.*.depth=1..3",
    "stages.0.width=8..32..8",
    "stages.1.width=16..64..16",
    "stages.1.se=null,{ratio: 4, min_channels: 8}",
]
BUDGETS = ["macs<2M"]


class Options(NamedTuple):
    """What the command line says."""

    study: str
    trials: int
    workers: int
    epochs: int
    seed: int
    output: Path | None


def main() -> int:
    """Start the workers, wait for them, and print what was found."""
    options = parsed()
    try:
        opened(options).close()  # made before the workers look for it
    except (ImportError, ValueError) as error:
        sys.exit(f"error: {error}")
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=work, args=(options,)) for _ in range(options.workers)]
    for worker in workers:
        worker.start()
    try:
        for worker in workers:
            worker.join()
    except KeyboardInterrupt:
        for worker in workers:
            worker.join()
    return show(options)


def parsed() -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Searches variants of a small network by training them.")
    parser.add_argument(
        "--study", default="digits.log", help="journal file, or URL of a database (default: %(default)s)"
    )
    parser.add_argument("--trials", type=int, default=40, help="variants to train, by all runs (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=8, help="of each training (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the search and of each training (default: %(default)s)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="write the best as specs into this folder")
    return Options(**vars(parser.parse_args()))


def opened(options: Options) -> "Study":
    """Return the study, new or gone on with."""
    return open_study(
        SPEC,
        AXES,
        budgets=BUDGETS,
        maximise=["accuracy"],
        minimise=["macs"],
        storage=options.study,
        seed=options.seed,
    )


def work(options: Options) -> None:
    """Train candidates until there are enough: the whole of one worker."""
    parent = multiprocessing.parent_process()
    digits = Digits.loaded()
    try:
        with opened(options) as study:
            while parent and parent.is_alive() and (candidate := study.ask(trials=options.trials)):
                start = time.perf_counter()
                model = trained(candidate.graph, digits, options)
                accuracy = digits.accuracy(model, "validation")
                study.tell(candidate, {"accuracy": accuracy}, {"test": digits.accuracy(model, "test")})
                seconds = time.perf_counter() - start
                print(
                    f"{candidate.number:5}  {accuracy:6.1%}  {seconds:5.1f} s  {' '.join(candidate.edits)}", flush=True
                )
    except KeyboardInterrupt:
        sys.exit(130)


class Digits:
    """Images, 1 x 8 x 8 from 0 to 1, and their classes, in three parts: train, validation, test."""

    def __init__(self, images: dict[str, "Tensor"], classes: dict[str, "Tensor"]) -> None:
        self.images = images
        self.classes = classes

    @classmethod
    def loaded(cls) -> "Digits":
        """Return scikit-learn's digits, 1,077 to train and 360 in each other part, the same in every process."""
        import torch
        from sklearn.datasets import load_digits

        bunch = load_digits()
        order = torch.randperm(len(bunch.target), generator=torch.Generator().manual_seed(0))
        parts = dict(zip(("validation", "test", "train"), order.split((360, 360, 1077)), strict=True))
        images = torch.tensor(bunch.images, dtype=torch.float32).unsqueeze(1) / 16
        classes = torch.tensor(bunch.target)
        return cls({k: images[i] for k, i in parts.items()}, {k: classes[i] for k, i in parts.items()})

    def accuracy(self, model: "nn.Module", part: str) -> float:
        """Return the share of a part that a model classifies rightly."""
        import torch

        model.eval()
        with torch.inference_mode():
            return (model(self.images[part]).argmax(1) == self.classes[part]).float().mean().item()


def trained(graph: Graph, digits: Digits, options: Options) -> "nn.Module":
    """Return the emitted network after training; the same candidate and seed give the same weights."""
    import torch
    from torch.nn import functional

    from tresnet_gen.runtime.emitted import network_factory

    torch.set_num_threads(1)  # a worker has a core
    torch.manual_seed(options.seed)
    model = network_factory(emit(graph))()
    images, classes = digits.images["train"], digits.classes["train"]
    optimizer = torch.optim.AdamW(model.parameters())
    batches = [batch for _ in range(options.epochs) for batch in torch.randperm(len(images)).split(64)]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, total_steps=len(batches))
    for batch in batches:
        loss = functional.cross_entropy(model(images[batch]), classes[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return model


def show(options: Options) -> int:
    """Print the best trade-offs; 1 when trials are missing."""
    with opened(options) as study:
        tally, front = study.tally(), study.front()
        specs = study.specs(options.output) if options.output else {}
    print(f"\n{tally}\n\naccuracy    test       MACs  variant")
    for result in front:
        edits = " ".join(result.edits)
        print(f"{result.values['accuracy']:8.1%}  {result.notes['test']:6.1%}  {result.values['macs']:9,.0f}  {edits}")
    for name, text in specs.items():
        assert options.output
        options.output.mkdir(parents=True, exist_ok=True)
        (options.output / name).write_text(text, encoding="utf-8")
    if tally.measured < options.trials:
        print(f"\n{tally.measured} of {options.trials} trials; the same command goes on", file=sys.stderr)
    return int(tally.measured < options.trials)


if __name__ == "__main__":
    sys.exit(main())
