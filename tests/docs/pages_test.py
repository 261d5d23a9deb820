#!/usr/bin/env python3
"""Does what the pages for operators say, and looks whether it comes out as they say.

    tests/docs/pages_test.py --kith build/dev/kith [page...]

Each page runs from top to bottom in a folder, a shell and a network of its own, where only loopback is.
What a fenced block is stands behind its opening:

    json file=home.json     a file that later blocks use (`zone file=`, `text file=` likewise)
    sh test                 commands that must succeed; `sh test fails`: of which one must fail
    text output             what the block before must print; `...` is any text, alone on a line any lines
    sh system               commands for a real machine (systemd, packages): not run, but their shell must
                            parse, and what they say of kith and of files of this tree must be so

Commands in a comment <!-- test ... --> prepare what the reader has already: they run and are not seen.
A block of one command is tried again for a while until it prints what it must: a reload takes a moment.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import program
from harness import PATIENCE, ROOT, Checks, arguments, skip

PAGES = ["README.md", "packaging/README.md", "docs/nanodns.md", "docs/discovery.md", *sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/operate/*.md"))]
BLOCK = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$|^<!-- test\n(?P<hidden>.*?)^-->$", re.MULTILINE | re.DOTALL)
NAMESPACE = "KITH_DOCS_NAMESPACE"
END = "\x01end of block "


@dataclass
class Block:
    page: str
    line: int
    kind: str  # "sh test", "json file=home.json", ...
    text: str

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(page: str) -> list[Block]:
    text = (ROOT / page).read_text()
    found = []
    for match in BLOCK.finditer(text):
        hidden = match["hidden"] is not None
        found.append(Block(page, text.count("\n", 0, match.start()) + 1, "sh test" if hidden else match["info"].strip(),
                           match["hidden"] if hidden else match["text"]))
    return found


class Shell:
    """One bash for a whole page, so that variables and background jobs go on from block to block."""

    def __init__(self, folder: Path, path: str):
        self.process = subprocess.Popen(["bash", "--norc"], cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, env=os.environ | {"PATH": path, "LC_ALL": "C.UTF-8"})

    def run(self, text: str) -> tuple[int, str]:
        """The last failure of a command of `text`, 0 if none, and all that was printed."""
        self.process.stdin.write(f"failure=0; trap 'failure=$?' ERR\n{{\n{text}\n}} </dev/null\n"
                                 f"trap - ERR; echo '{END}' $failure\n")
        self.process.stdin.flush()
        printed = []
        for line in self.process.stdout:
            before, end, status = line.partition(END)
            if end:
                return int(status), "".join(printed) + before
            printed.append(line)
        return -1, "".join(printed) + "(the shell ended)"

    def close(self) -> tuple[int, str]:
        """Stops the servers that the page left running; as run(), of how they ended."""
        ended = self.run("for job in $(jobs -pr); do kill $job; wait $job; done")
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        return ended


def pattern_of(text: str) -> re.Pattern[str]:
    lines = [".*" if line.strip() == "..." else re.escape(line.rstrip()).replace(r"\.\.\.", "[^\n]*") + " *" for line in text.splitlines()]
    return re.compile(r"\s*" + "\n".join(lines) + r"\s*", re.DOTALL)


def wait_for_servers(text: str, folder: Path) -> None:
    """`kith serve ... >log 2>&1 &` serves once its log says so."""
    for log in re.findall(r"\bserve\b.*>\s*(\S+) 2>&1 &$", text, re.MULTILINE):
        file, deadline = folder / log, time.monotonic() + PATIENCE
        while not (file.exists() and "server.listening" in file.read_text()) and time.monotonic() < deadline:
            time.sleep(0.01)


def run_block(checks: Checks, shell: Shell, folder: Path, block: Block, wanted: str | None) -> None:
    """Runs commands; `wanted` is what they must print, None if the page does not say."""
    may_repeat = wanted is not None and len(block.text.strip().splitlines()) == 1 and not block.text.rstrip().endswith("&")
    deadline = time.monotonic() + PATIENCE / 2
    while True:
        status, printed = shell.run(block.text)
        good = wanted is None or pattern_of(wanted).fullmatch(printed) is not None
        if (good and (status == 0) != block.kind.endswith("fails")) or not may_repeat or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    fails = block.kind.endswith("fails")
    checks.check(f"{block.where}: the commands {'fail' if fails else 'succeed'}", (status != 0) == fails, f"status {status}:\n{printed}")
    if wanted is not None:
        checks.check(f"{block.where}: they print\n{wanted}", good, "\n" + printed)
    wait_for_servers(block.text, folder)


def complaints_about_system(block: Block, kith: Path) -> list[str]:
    """What is wrong with commands that are not run."""
    parsed = subprocess.run(["bash", "-n", "-c", block.text], capture_output=True, text=True, check=False)
    found = [parsed.stderr] if parsed.returncode else []
    for line in block.text.splitlines():
        words = shlex.split(line, comments=True)
        words = words[1:] if words[:1] == ["sudo"] else words
        found += [f"{word} is not there" for word in words
                  if re.match(r"(src|docs|packaging|examples|tools)/|\./(run|test)$", word) and not (ROOT / word).exists()]
        if words and Path(words[0]).name == "kith":
            path: tuple[str, ...] = ()
            for word in words[1:]:
                if word not in {name for names in program.commands_below(kith, path) for name in names}:
                    break
                path += (word,)
            known = program.options_of(kith, path)
            found += [f"kith {' '.join(path)} has no {word}" for word in words if word.startswith("-") and word not in known]
    return found


def check_page(checks: Checks, page: str, kith: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="kith-docs-") as temporary:
        folder, programs = Path(temporary) / "home", Path(temporary) / "bin"
        for name in ("kith", "nanodns"):
            programs.mkdir(exist_ok=True)
            (programs / name).symlink_to(kith)
        (folder / "build/release").mkdir(parents=True)
        (folder / "build/release/kith").symlink_to(kith)
        (folder / "examples").symlink_to(ROOT / "examples")
        shell = Shell(folder, f"{programs}:{os.environ['PATH']}")
        blocks = blocks_of(page)
        for block, after in zip(blocks, [*blocks[1:], None]):
            file = re.fullmatch(r"\w+ file=(\S+)", block.kind)
            if file:
                (folder / file[1]).parent.mkdir(parents=True, exist_ok=True)
                (folder / file[1]).write_text(block.text)
            elif block.kind in ("sh test", "sh test fails"):
                run_block(checks, shell, folder, block, after.text if after and after.kind == "text output" else None)
            elif block.kind == "sh system":
                found = complaints_about_system(block, kith)
                checks.check(f"{block.where}: commands for a machine", not found, found)
            else:
                shown = block.kind == "text output" or not block.kind.startswith("sh")
                checks.check(f"{block.where}: a block says whether it is run", shown, block.kind)
        status, printed = shell.close()
        checks.check(f"{page}: its servers end cleanly", status == 0, f"status {status}\n{printed}")


def enter_namespace() -> None:
    """Starts this script again in a network of its own, as its root; does not return when that works."""
    command = ["unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.environ.get(NAMESPACE) or not shutil.which("unshare") or not shutil.which("ip"):
        return
    if subprocess.run([*command, "ip", "link", "set", "lo", "up"], capture_output=True, check=False).returncode == 0:
        os.environ[NAMESPACE] = "1"
        os.execvp(command[0], [*command, "sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable, *sys.argv])


def main() -> int:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", default=PAGES, help="default: all")
    options = parser.parse_args()
    enter_namespace()
    if not os.environ.get(NAMESPACE):
        return skip("no network namespace of its own: needs unshare, ip, and leave to use them")
    checks = Checks()
    for page in options.pages:
        check_page(checks, page, options.kith.resolve())
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
