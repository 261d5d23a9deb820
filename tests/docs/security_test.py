#!/usr/bin/env python3
"""docs/security.md against the source: the files and tests it names exist, its bounds have the values it tells.

    tests/docs/security_test.py
"""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from harness import ROOT, Checks, arguments

PAGE = ROOT / "docs/security.md"
UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "s": 1, "ms": 0.001}
NUMBER = r"(?:0x[0-9a-f]+|[0-9.]+)"


def value_of(expression: str) -> float:
    """What a constant of limits.hpp is initialized with; durations are seconds."""
    text = expression.replace("'", "")
    text = re.sub(r"std::size_t\{([0-9]+)\}", r"\1", text)
    text = re.sub(r"std::chrono::milliseconds\(([0-9]+)\)", r"(\1/1000)", text)
    text = re.sub(rf"({NUMBER})ms\b", r"(\1/1000)", text)
    text = re.sub(rf"({NUMBER})(?:U|s)\b", r"\1", text)
    if not re.fullmatch(r"[0-9a-fx.+*/()<\- ]+", text):
        raise ValueError(f"not an expression of numbers: {expression}")
    return eval(text)  # of digits and operators only, out of our own source


def constant(name: str, files: list[Path]) -> list[float]:
    pattern = re.compile(rf"^inline constexpr [\w:]+ {name} = ([^;]+);", re.MULTILINE)
    return [value_of(found) for file in files if file.name.endswith("limits.hpp") for found in pattern.findall(file.read_text())]


def check_row(checks: Checks, cells: list[str], tests: set[str]) -> None:
    what, bound, where, proof = cells
    files = [ROOT / name for name in re.findall(r"`([^`]+)`", where)]
    for file in files:
        checks.check(f"{what}: {file.relative_to(ROOT)} exists", file.is_file())
    for name, number, unit in re.findall(r"`(\w+)` = (\d+)(?: (KiB|MiB|GiB|ms|s)\b)?", bound):
        checks.equal(f"{what}: {name}", constant(name, files), [int(number) * UNITS[unit]])
    proofs = re.findall(r"`([^`]+)`", proof)
    checks.check(f"{what}: something proves it", proofs)
    for name in proofs:
        checks.check(f"{what}: {name} exists", (ROOT / name).is_file() if "/" in name else name in tests)


def main() -> int:
    arguments(__doc__.splitlines()[0]).parse_args()
    tests = {f"{suite}.{name}" for file in ROOT.glob("src/**/*_test.cpp")
             for suite, name in re.findall(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", file.read_text(), re.MULTILINE)}
    checks = Checks()
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and not line.startswith("| Input"):
            if checks.equal(f"columns of `{line[:60]}`", len(cells), 4):
                check_row(checks, cells, tests)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
