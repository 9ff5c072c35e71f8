"""`python -m tests.convert.measured FOLDER`: converts the files that FOLDER/cases.json names, all in one process.

Prints a JSON line for each: exit code, streams, seconds of processor time, and the most MiB of memory that the process
had meanwhile beyond what it had behind the import of torch.
"""

import json
import os
import sys
import time
from pathlib import Path

import safetensors.torch  # noqa: F401
import torch  # noqa: F401

from tests.cli.running import tool
from tests.hostile.peak import forget_peak, peak_mib


def main(folder: Path) -> None:
    os.chdir(folder)
    cases = json.loads(Path("cases.json").read_text())
    forget_peak()
    start = peak_mib()
    for name, options in cases.items():
        forget_peak()
        started = time.process_time()
        result = tool("convert", name, "--spec", "tresnet_m", "-o", "out.pth", "--force", *options)
        seconds = time.process_time() - started
        row = {"name": name, **result._asdict(), "seconds": seconds, "mib": peak_mib() - start}
        sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
