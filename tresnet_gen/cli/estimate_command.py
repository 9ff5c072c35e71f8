"""`tresnet-gen estimate`: what a spec costs, or several side by side."""

import click

from tresnet_gen import tables
from tresnet_gen.cli import estimate_tables, hint_tables, options
from tresnet_gen.cli.specs import load
from tresnet_gen.cli.terminal import data, document
from tresnet_gen.explore import hint_gains
from tresnet_gen.explore.estimates import SORT_KEYS, Question, as_json, estimate, ordered

NEEDS_MEMORY = "needs a memory: add --gpu rtx3090 or --memory 24GiB"


@click.command("estimate", short_help="Predict parameters, MACs, activations and memory exactly; images/s.")
@options.specs()
@options.overrides()
@options.size()
@options.asked()
@click.option("--max-batch", is_flag=True, help="Insist on a largest batch: an error without --gpu or --memory.")
@click.option(
    "--by",
    type=click.Choice(["model", "stage", "layer"]),
    help="Rows of the table.  [default: stage, for several specs model]",
)
@click.option(
    "--sort",
    "sort_key",
    type=click.Choice([*SORT_KEYS]),
    help="Order of several specs, the least first; batch and throughput are those of the first memory or GPU.",
)
@click.option("--reverse", is_flag=True, help="With --sort, the most first.")
@click.option("--hints", is_flag=True, help="Say what GPUs are slow at; with --gpu what an edit would gain.")
@options.silenced()
@click.option("--conventions", is_flag=True, help="Add the same model's figures as other tools print them.")
@options.formats("csv", "markdown")
def command(
    specs: tuple[str, ...],
    overrides: tuple[str, ...],
    size: str | None,
    question: Question,
    max_batch: bool,
    by: str | None,
    sort_key: str | None,
    reverse: bool,
    hints: bool,
    silenced: tuple[str, ...],
    conventions: bool,
    output_format: str,
) -> None:
    """Predict parameters, MACs, activations and memory exactly, without torch; with --gpu images/s.

    Counts are per image. With several specs the models are compared, in the order given or by --sort.
    """
    if conventions and output_format == "csv":
        raise click.UsageError("--conventions has no CSV form; --format json always holds these figures")
    if hints and output_format == "csv":
        raise click.UsageError("--hints has no CSV form; --format json has them")
    if max_batch and not question.cards:
        raise click.UsageError(f"--max-batch {NEEDS_MEMORY}")
    _check_order(sort_key, reverse, question)
    edits = [*overrides, *([size] if size else [])]
    loaded = load(specs, edits, output_format)
    estimates = ordered((estimate(one, question) for one in loaded), sort_key, reverse)
    found = [hint_tables.tried(one, question, edits, silenced, output_format) if hints else [] for one in estimates]
    by = by or ("model" if len(estimates) > 1 else "stage")
    match output_format:
        case "json":
            models = [as_json(one, question) for one in estimates]
            if hints:
                for model, one, hinted in zip(models, estimates, found, strict=True):
                    model["hints"] = hint_gains.as_json(one, hinted)
            document(models=models, diagnostics=[])
        case "csv":
            data(tables.csv_text(estimate_tables.plain(estimates, question, by)))
        case _:
            markdown = output_format == "markdown"
            data(estimate_tables.text(estimates, question, by, conventions, markdown))
            for one, hinted in zip(estimates, found, strict=True):
                if hints:
                    data(hint_tables.text(one, hinted, question, markdown))


def _check_order(sort_key: str | None, reverse: bool, question: Question) -> None:
    """Refuse an order by figures that were not asked for."""
    if reverse and not sort_key:
        raise click.UsageError("--reverse belongs to --sort: add --sort macs")
    if sort_key == "saved" and not question.step.train:
        raise click.UsageError("--sort saved belongs to a training step: add --train")
    if sort_key == "batch" and not question.cards:
        raise click.UsageError(f"--sort batch {NEEDS_MEMORY}")
    if sort_key == "throughput" and not question.rates:
        raise click.UsageError("--sort throughput needs a GPU: add --gpu rtx3090")
