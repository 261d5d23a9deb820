#!/usr/bin/env python3
"""The man page and `--help` name the same commands and options, and the page's examples are real ones.

    tests/docs/man_test.py --kith build/dev/kith
"""

import re
import shlex
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import program
from harness import ROOT, Checks, arguments

PAGE = ROOT / "docs/kith.1"


def options_of_page() -> dict[str, dict[str, bool]]:
    """By command ("kith zone check"), what its section describes: options, and whether with a value."""
    sections: dict[str, dict[str, bool]] = {}
    section = ""
    for line in PAGE.read_text().splitlines():
        if line.startswith((".Ss ", ".Sh ")):
            section = line[4:]
        elif line.startswith(".It Fl "):
            words = line.split()[1:]
            spellings = ["-" + words[i + 1] for i, word in enumerate(words) if word == "Fl"]
            sections.setdefault(section, {}).update(dict.fromkeys(spellings, "Ar" in words))
    return sections


def check_options(checks: Checks, kith: Path, nanodns: Path) -> None:
    page = options_of_page()
    printed = {}
    for name, binary in (("kith", kith), ("nanodns", nanodns)):
        for path in program.all_commands(binary):
            printed[" ".join((name, *path))] = program.options_of(binary, path)
    checks.equal("commands of docs/kith.1", sorted(page), sorted(printed))
    for command in sorted(page.keys() & printed.keys()):
        checks.equal(f"options of `{command}` in docs/kith.1", page[command], printed[command])


def check_examples(checks: Checks, kith: Path) -> None:
    """Every line of EXAMPLES names commands and options that are there."""
    examples = PAGE.read_text().partition(".Sh EXAMPLES")[2].partition(".Sh ")[0]
    for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", examples, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            words = shlex.split(line)
            path: tuple[str, ...] = ()
            for word in words[1:]:
                if word not in {name for names in program.commands_below(kith, path) for name in names}:
                    break
                path += (word,)
            options = program.options_of(kith, path)
            unknown = [word for word in words if word.startswith("-") and word not in options]
            checks.check(f"example `{line}`", words[0] == "kith" and path and not unknown, unknown)


def main() -> int:
    kith = arguments(__doc__.splitlines()[0]).parse_args().kith.resolve()
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        nanodns = Path(folder) / "nanodns"
        nanodns.symlink_to(kith)
        check_options(checks, kith, nanodns)
    check_examples(checks, kith)
    page_named = "man kith(1)" in program.run(kith, "--help")
    checks.check("`kith --help` points to kith(1)", page_named)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
