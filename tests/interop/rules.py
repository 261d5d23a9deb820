"""Why kith may differ from another server: each rule names its entry of docs/dialect.md.

A rule looks at one difference (rcode, a flag, a section) and says whether its entry covers it. All
differences to one other server must be covered; then the answer counts as explained.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness import ROOT, Checks

DIALECT = ROOT / "docs/dialect.md"
OPTION_ROOM = 0


@dataclass
class Context:
    question: object
    zone: object          # of the name asked for; None: nobody serves it
    zones: list
    mine: object
    others: dict


def explain(context: Context, other: str, differences: frozenset[str]) -> set[str]:
    """The entries that cover all differences to `other`; empty: not all are covered."""
    entries = set()
    for difference in differences:
        entry = next((entry for entry, covers in RULES if covers(context, context.others[other], other, difference)), None)
        if entry is None:
            return set()
        entries.add(entry)
    return entries


Rule = Callable[[Context, object, str, str], bool]
RULES: list[tuple[str, Rule]] = []


def check_documented(checks: Checks, part_entries: set[str]) -> None:
    """Every entry that a rule names stands in docs/dialect.md."""
    text = DIALECT.read_text() if DIALECT.exists() else ""
    for entry in sorted({entry for entry, _ in RULES} | part_entries):
        checks.check(f"{entry} is an entry of docs/dialect.md", re.search(rf"^#+ .*\b{entry}\b|^\| *{entry} *\|", text, re.M))
