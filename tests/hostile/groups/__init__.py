"""The cases that must be refused, one group a module, each a list CASES; to add one, add a line there."""

from tests.hostile.case import Case
from tests.hostile.groups import (
    algorithmic,
    command_line,
    devices,
    edits,
    expansion,
    injection,
    lexical,
    paths,
    reports,
    search,
    semantic,
    tags,
    types,
)

GROUPS: dict[str, list[Case]] = {
    "tags": tags.CASES,
    "expansion": expansion.CASES,
    "lexical": lexical.CASES,
    "types": types.CASES,
    "injection": injection.CASES,
    "paths": paths.CASES,
    "algorithmic": algorithmic.CASES,
    "semantic": semantic.CASES,
    "command line": command_line.CASES,
    "edits": edits.CASES,
    "device files": devices.CASES,
    "search": search.CASES,
    "reports": reports.CASES,
}
