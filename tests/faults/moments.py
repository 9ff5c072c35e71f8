"""The tool as a program to which something happens at a chosen moment of its write."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.cli.running import ROOT

# What Python reports just before it makes a file, locks it, gives it permissions, renames it.
MOMENTS = ("open", "fcntl.flock", "os.chmod", "os.rename")

PROGRAM = """
import json, os, shutil, signal, sys

moment, action, subject = json.loads(sys.argv.pop(1))
temporary = []

def happen(event, arguments):
    named = [text for text in arguments if isinstance(text, str) and text.endswith(".tmp")]
    if event == "open" and named:
        temporary.extend(named)
    if event == moment and (named or (event == "fcntl.flock" and temporary)):
        globals().update(moment=None)  # once
        exec(action)

sys.addaudithook(happen)
from tresnet_gen.cli import main
main()
"""
KILL = "os.kill(os.getpid(), signal.SIGKILL)"
STOP = "os.kill(os.getpid(), signal.SIGSTOP)"
INTERRUPT = "os.kill(os.getpid(), signal.SIGINT)"
REMOVE_FOLDER = "shutil.rmtree(subject)"


def start(moment: str, action: str, *words: str | Path, subject: str = "", **options: Any) -> "subprocess.Popen[str]":
    """Start the tool; `action` happens once, at a moment."""
    about = json.dumps([moment, action, subject])
    command = [sys.executable, "-c", PROGRAM, about, *map(str, words)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env, **options)


def temporaries(folder: Path) -> list[str]:
    """Return the temporary files in a folder."""
    return sorted(path.name for path in folder.iterdir() if path.name.endswith(".tmp"))
