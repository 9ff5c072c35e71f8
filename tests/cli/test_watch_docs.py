"""The session of docs/watch.md, played."""

import os
import re
import shlex
from pathlib import Path

from tests.cli.running import ROOT
from tests.cli.watched import Watch

PAGE = ROOT / "docs/watch.md"


def test_the_page_shows_what_a_watch_prints(tmp_path, monkeypatch):
    """Standard output and standard error of each step, one after the other, as a terminal shows them."""
    monkeypatch.chdir(tmp_path)
    page = PAGE.read_text()
    spec, *shown = re.findall(r"^```(?:yaml|console|text)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    command, _, first = shown[0].partition("\n")
    Path("deeper.yaml").write_text(spec)
    with Watch(*shlex.split(command)[3:]) as watch:
        watch.begun("err", "^wrote ")
        played = [f"{command}\n{said(watch)}"]
        watch.told(lambda: Path("deeper.yaml").write_text(spec.replace("12", "13")), "^wrote ", "err")
        played.append(said(watch))
        watch.told(lambda: Path("deeper.yaml").write_text(spec.replace("depth", "detph")), "^1 error", "err")
        played.append(said(watch))
    assert first
    if os.environ.get("TRESNET_GEN_REWRITE") == "1":
        for old, new in zip(shown, played, strict=True):
            page = page.replace(f"\n{old}```", f"\n{new}```")
        PAGE.write_text(page)
    else:
        assert shown == played


def said(watch: Watch) -> str:
    """Return what a watch has said since this was asked last, without empty lines around it."""
    out, watch.said["out"] = watch.said["out"], ""
    err, watch.said["err"] = watch.said["err"], ""
    first, _, rest = err.partition("\n")
    parts = [f"{first}\n", out, rest] if first.startswith("watching ") else [out, err]
    return re.sub(r"\n+\Z", "\n", "".join(parts))
