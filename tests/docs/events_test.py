#!/usr/bin/env python3
"""Every event that the program logs is in docs/operate/troubleshooting.md, with its level, and every event
there is one that the program logs."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/operate/troubleshooting.md"
EVENT = re.compile(r'"([a-z]+\.[a-z_]+)"')


def arguments_of(text: str, start: int) -> str:
    """What stands between the parenthesis at `start` and the one that closes it."""
    depth, at = 0, start
    while at < len(text):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            break
        at += 1
    return text[start:at]


def events_of_code() -> dict[str, set[str]]:
    """Events and their levels; a level that is decided as it runs is left out."""
    events: dict[str, set[str]] = {}
    for file in sorted((ROOT / "src").rglob("*.cpp")):
        if file.name.endswith("_test.cpp"):
            continue
        text = file.read_text()
        for call in re.finditer(r"log::write\(", text):
            words = arguments_of(text, call.end() - 1)
            head = words.split("log::kv(")[0].split(" kv(")[0]
            levels = re.findall(r"Level::(\w+)", head)
            for event in EVENT.findall(head):
                events.setdefault(event, set()).update(levels)
    return events


def events_of_page() -> dict[str, str]:
    rows = re.findall(r"^\| ((?:`[a-z]+\.[a-z_]+`(?:, )?)+) \| ([a-z, ]+) \|", PAGE.read_text(), re.MULTILINE)
    return {event.strip("`"): levels for names, levels in rows for event in names.split(", ")}


def main() -> int:
    code, page = events_of_code(), events_of_page()
    failed = 0
    for event in sorted(code.keys() - page.keys()):
        failed += 1
        print(f"failed: {PAGE.name} does not name the event {event}")
    for event in sorted(page.keys() - code.keys()):
        failed += 1
        print(f"failed: {PAGE.name} names {event}, which nothing logs")
    for event in sorted(code.keys() & page.keys()):
        if code[event] and not code[event] & set(page[event].split(", ")):
            failed += 1
            print(f"failed: {event} is logged as {', '.join(sorted(code[event]))}, the page says {page[event]}")
    print(f"{len(code) - failed} passed, {failed} failed")
    return 1 if failed or len(code) < 50 else 0


if __name__ == "__main__":
    sys.exit(main())
