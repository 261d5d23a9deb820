#!/usr/bin/env python3
"""Completion of the command line, as a shell does it: a line goes in, what may follow comes out.

    tests/docs/completions_test.py --kith build/dev/kith

bash is asked for all that may follow, zsh (where it is installed) to complete a word that has one end.
"""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import program
from harness import PATIENCE, ROOT, Checks, arguments

COMPLETIONS = ROOT / "packaging/completions"
TYPE_TABLE = ROOT / "src/dns/rdata_table.cpp"
# Nobody asks for these: they belong to messages, or no server gives them.
NOT_ASKED_FOR = {"OPT", "TSIG", "TKEY", "NXNAME", "MAILA", "MAILB"}
FILES = ["home.json", "office.json", "home.zone", "folder/"]
LEVELS = ["debug", "error", "info", "off", "trace", "warn"]

# A line, what may follow, why.
ROWS = [
    ("kith ", ["bench", "browse", "check", "config", "enumerate", "init", "journal", "key", "mdns", "monitor", "query", "register", "resolve", "serve", "start", "transfer", "update", "zone"], "every command, also by its other name"),
    ("kith ser", ["serve"], "one command"),
    ("kith zone ", ["check", "convert", "diff", "print", "sign", "verify"], "commands below a command"),
    ("kith config ", ["doc", "schema"], "commands below a command"),
    ("kith --", ["--help", "--version"], "options of the program"),
    ("kith config doc cache_b", ["cache_bytes"], "a setting"),
    ("kith config doc port ", [], "one setting only"),
    ("kith serve ", ["folder", "home.json", "office.json"], "a configuration, or a folder to one"),
    ("kith serve -c h", ["home.json"], "the value of an option"),
    ("kith serve home.json ", [], "one configuration only"),
    ("kith serve -p 5300 o", ["office.json"], "the value of an option is not the configuration"),
    ("kith serve --log-level ", LEVELS, "levels"),
    ("kith serve --host ", [], "an address cannot be guessed"),
    ("kith start --workers 2 --no", ["--no-cache"], "start is serve"),
    ("kith check --j", ["--json"], "an option of check"),
    ("kith init -", ["--force", "--help", "-f", "-h"], "init's -f takes no value"),
    ("kith init -f h", ["home.json"], "so what follows is the file"),
    ("kith bench -f ", ["folder", "home.json", "home.zone", "office.json"], "bench's -f takes a file"),
    ("kith zone check home.json h", ["home.json", "home.zone"], "any number of files"),
    ("kith zone print home.zone ", [], "one file"),
    ("kith zone diff home.zone o", ["office.json"], "two files"),
    ("kith zone diff home.zone office.json ", [], "and no more"),
    ("kith zone sign -o h", ["home.json", "home.zone"], "a file to write"),
    ("kith zone convert home.zone --to j", ["json"], "a form"),
    ("kith key export -f p", ["pem"], "a format"),
    ("kith key list h", ["home.json", "home.zone"], "key files"),
    ("kith key generate -K f", ["folder"], "a folder"),
    ("kith key status -d f", ["folder"], "the state directory"),
    ("kith key ds -d sha2", ["sha256"], "not the state directory"),
    ("kith journal list -c o", ["office.json"], "a configuration"),
    ("kith update cr", ["create"], "an operation"),
    ("kith update home.z", ["home.zone"], "or a file of commands"),
    ("kith browse --backend res", ["resolved"], "a back-end"),
    ("kith transfer -k home.z", ["home.zone"], "the file of a key"),
    ("kith mdns nas.local AAA", ["AAAA"], "a type after the name"),
    ("kith query nas.home.arpa SR", ["SRV"], "a type after the name"),
    ("kith query nas.home.arpa sr", ["SRV"], "in lower case"),
    ("kith query @127.0.0.1:5300 nas.home.arpa AAA", ["AAAA"], "the server is not the name"),
    ("kith query -p 5300 S", [], "the name comes first"),
    ("kith query nas.home.arpa C", ["CAA", "CDNSKEY", "CDS", "CERT", "CH", "CLA", "CNAME", "CSYNC"], "types and classes"),
    ("kith query nas.home.arpa +no", ["+noedns", "+norec", "+norecurse", "+notcp"], "flags"),
    ("kith query +buf", ["+bufsize="], "a flag with a value"),
    ("kith nonsense ", [], "nothing is known of it"),
    ("nanodns ", ["check", "init", "start"], "NanoDNS's commands"),
    ("nanodns start --m", ["--mgmt-host", "--mgmt-port"], "NanoDNS's options"),
]

ASK_BASH = """
source "$1"
COMP_LINE=$2 COMP_POINT=${#2}
_kith
printf '%s\\n' "${COMPREPLY[@]}"
"""

# Types what stands before the tab, completes, and prints the line.
ASK_ZSH = r"""
fpath=(%(folder)s $fpath)
autoload -Uz compinit; compinit -u -D
unsetopt beep; setopt no_list_ambiguous
PS1='ready> '
show() { print -r -- "<<$BUFFER>>"; BUFFER=; zle reset-prompt }
zle -N show; bindkey '^X' show
"""


def ask_bash(line: str, folder: Path, path: str) -> list[str]:
    done = subprocess.run(["bash", "--norc", "-c", ASK_BASH, "bash", str(COMPLETIONS / "kith.bash"), line], cwd=folder,
                          capture_output=True, text=True, timeout=PATIENCE, env=os.environ | {"PATH": path})
    return sorted(word for word in done.stdout.splitlines() if word) + ([f"stderr: {done.stderr}"] if done.stderr else [])


def check_bash(checks: Checks, kith: Path, folder: Path, path: str) -> None:
    for line, wanted, why in ROWS:
        checks.equal(f"bash: `{line}` ({why})", ask_bash(line, folder, path), wanted)
    for command in program.all_commands(kith):
        line = " ".join(("kith", *command, "-"))
        checks.equal(f"bash: `{line}` (all that --help lists)", ask_bash(line, folder, path),
                     sorted(program.options_of(kith, command)))


def check_types(checks: Checks) -> None:
    """The one list that is not the program's own."""
    rows = set(re.findall(r'^    \{RrType::\w+, "([A-Z0-9-]+)"', TYPE_TABLE.read_text(), re.MULTILINE)) - NOT_ASKED_FOR
    checks.check("the table of record types was understood", {"A", "HTTPS", "NSAP-PTR", "ANY"} <= rows)
    for file, list_of in (("kith.bash", r'_kith_types="([^"]*)"'), ("_kith", r"types=\(([^)]*)\)")):
        found = re.search(list_of, (COMPLETIONS / file).read_text())
        checks.equal(f"record types of {file}", sorted(found[1].split()) if found else [], sorted(rows))


class Zsh:
    """An interactive zsh on a terminal of its own."""

    def __init__(self, folder: Path, path: str):
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.chdir(folder)
            os.execvpe("zsh", ["zsh", "-f", "-i"], os.environ | {"PATH": path, "TERM": "dumb", "HOME": str(folder)})
        os.write(self.terminal, (ASK_ZSH % {"folder": COMPLETIONS}).replace("\n", "\r").encode())
        self.read_until(r"ready> \Z")

    def read_until(self, pattern: str) -> str:
        text, deadline = "", time.monotonic() + PATIENCE
        while not (found := re.search(pattern, text)):
            if not select.select([self.terminal], [], [], max(0, deadline - time.monotonic()))[0]:
                return f"(nothing within {PATIENCE:g} s after {text[-200:]!r})"
            text += os.read(self.terminal, 65536).decode(errors="replace")
        return found[1] if found.groups() else ""

    def complete(self, line: str) -> str:
        os.write(self.terminal, line.encode() + b"\t\x18")
        return self.read_until(r"<<(.*)>>")

    def close(self) -> None:
        os.close(self.terminal)
        os.waitpid(self.child, 0)


def check_zsh(checks: Checks, folder: Path, path: str) -> None:
    zsh = Zsh(folder, path)
    for line, wanted, why in ROWS:
        if len(wanted) == 1:
            done = line.rsplit(" ", 1)[0] + " " + wanted[0]
            checks.equal(f"zsh: `{line}` ({why})", zsh.complete(line).rstrip(), done)
    zsh.close()


def main() -> int:
    kith = arguments(__doc__.splitlines()[0]).parse_args().kith.resolve()
    checks = Checks()
    with tempfile.TemporaryDirectory() as temporary:
        folder, programs = Path(temporary) / "files", Path(temporary) / "bin"
        programs.mkdir()
        for name in ("kith", "nanodns"):
            (programs / name).symlink_to(kith)
        for name in FILES:
            file = folder / name
            (file if name.endswith("/") else file.parent).mkdir(parents=True, exist_ok=True)
            if not name.endswith("/"):
                file.touch()
        path = f"{programs}:{os.environ['PATH']}"
        check_bash(checks, kith, folder, path)
        if shutil.which("zsh"):
            check_zsh(checks, folder, path)
    check_types(checks)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
