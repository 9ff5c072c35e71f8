"""What `norm: inplace_abn` asks of the activations behind it: it keeps only what they put out, so it must undo them."""

from tresnet_gen.frontend.diagnostics import Report
from tresnet_gen.frontend.spec import Act, Path, Spec
from tresnet_gen.frontend.wording import dotted

# Down to this slope float16 undoes a leaky ReLU as exactly as it computes one; below, small outputs round to zero.
LEAST_SLOPE = 1e-6
_HELP = "{type: leaky_relu, slope: 1e-3}"


def report_acts(spec: Spec, report: Report) -> None:
    """Report each activation that in-place batch norm cannot undo, once, where it was written."""
    if not spec.norm.in_place:
        return
    parts: list[tuple[Path, Act]] = [(("stem", "act"), spec.stem.act)]
    if spec.head.width:
        parts.append((("head", "act"), spec.head.act))
    parts += [(("stages", index, "act"), stage.act) for index, stage in enumerate(spec.stages)]
    written = {_source(path, spec): act for path, act in parts if not _can_be_undone(act)}
    for source, act in written.items():
        if source is None:
            message = f"`inplace_abn` cannot undo `{act.type}`, which `act` is by default"
            report.error("E105", message, spec.places.nearest(("norm", "type")), f"add `act: {_HELP}`")
        elif act.type != "leaky_relu":
            message = f"`{dotted(source)}` must be `leaky_relu`, which `inplace_abn` can undo; got `{act.type}`"
            help_text = f"write `act: {_HELP}`, or set `norm.type` to `batch_norm`"
            report.error("E105", message, spec.places.nearest((*source, "type")), help_text)
        else:
            message = f"`{dotted((*source, 'slope'))}` must be at least {LEAST_SLOPE:g} for `inplace_abn` to undo it"
            help_text = "use 1e-3, or set `norm.type` to `batch_norm`"
            got = f"{message}; got {act.slope:g}"
            report.error("E105", got, spec.places.nearest((*source, "slope")), help_text)


def _can_be_undone(act: Act) -> bool:
    return act.slope is not None and act.slope >= LEAST_SLOPE


def _source(path: Path, spec: Spec) -> Path | None:
    """Return the path of the activation that a part takes: its own, the spec's, None for the default."""
    return next((source for source in (path, ("act",)) if spec.places.written(source)), None)
