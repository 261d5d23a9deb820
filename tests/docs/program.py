"""What the program tells about its own command line: commands, options, and which of them take a value."""

import re
import subprocess
from pathlib import Path

OPTION = re.compile(r"^  ((?:-\w,)?--?[\w-]+(?:,--[\w-]+)*)(?: (TEXT|UINT|INT|FLOAT)\b)?")


def run(*command: str | Path) -> str:
    """What a command prints to standard output."""
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=20, check=True).stdout


def commands_below(program: Path, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The commands that `program path --help` lists, each as its names: ("serve", "start")."""
    listed = run(program, *path, "--help").partition("Subcommands:\n")[2]
    rows = re.findall(r"^  ([a-z][a-z-]*(?:, [a-z][a-z-]*)*)  ", listed, re.MULTILINE)
    return [tuple(row.split(", ")) for row in rows]


def options_of(program: Path, path: tuple[str, ...]) -> dict[str, bool]:
    """Every spelling of every option of a command, and whether it takes a value."""
    options = {}
    for line in run(program, *path, "--help").splitlines():
        found = OPTION.match(line)
        if found:
            options |= dict.fromkeys(found[1].split(","), found[2] is not None)
    return options


def all_commands(program: Path, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The program itself and every command below it, by first name."""
    found = [path]
    for names in commands_below(program, path):
        found += all_commands(program, path + names[:1])
    return found
