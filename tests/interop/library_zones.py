#!/usr/bin/env python3
"""The library for zones as others use it: installed, found by CMake and pkg-config; its examples and the pieces of its
tutorial are built and run against kith and, where it is installed, BIND."""

import base64
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from harness import Checks, Kith, arguments, free_port, skip, wait_for
from library import build_examples, flags, install, pieces, run

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
SECRET = base64.b64encode(b"not a secret of yours, 32 bytes!").decode()
ZONE = """$ORIGIN example.com.
$TTL 300
@    SOA  ns hostmaster 17 3600 900 604800 300
@    NS   ns
ns   A    192.0.2.53
www  A    192.0.2.80
old  A    192.0.2.81
""" + "".join(f"h{number} A 198.51.100.{number}\n" for number in range(200))  # so that differences are shorter than all of it
BEGIN = """
#include <kith/zones.hpp>
#include <cstdio>
static int complain(const std::string& why) { std::printf("complaint: %s\\n", why.c_str()); return 1; }
int main() {
"""


def key_text(secret: str = SECRET, name: str = "acme") -> str:
    return f'key "{name}" {{ algorithm hmac-sha256; secret "{secret}"; }};\n'


@contextmanager
def kith(program: Path) -> Iterator[str]:
    config = {"keys": {"acme": {"algorithm": "hmac-sha256", "secret": SECRET}},
              "zones": {"example.com": {"file": "example.com.zone", "update": ["grant acme zonesub ANY"], "transfer": {"allow": ["key acme."]}}}}
    with Kith(program, config, files={"example.com.zone": ZONE}) as server:
        yield "%s:%d" % server.address


@contextmanager
def bind(_program: Path) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="kith-bind-") as folder:
        port = free_port()
        Path(folder, "zone").write_text(ZONE)
        Path(folder, "named.conf").write_text(key_text() + f"""
options {{ directory "{folder}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none; session-keyfile none;
  recursion no; notify no; dnssec-validation no; empty-zones-enable no; }};
controls {{ }};
zone "example.com" {{ type primary; file "zone"; allow-update {{ key acme; }}; allow-transfer {{ key acme; }}; }};
""")
        with open(Path(folder, "log"), "wb") as log:
            process = subprocess.Popen(["named", "-g", "-n", "1", "-c", f"{folder}/named.conf"], stdout=log, stderr=log, env=os.environ | {"PATH": PATH})
        try:
            wait_for(lambda: b"all zones loaded" in Path(folder, "log").read_bytes(), "BIND")
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def call(*words: object, folder: Path) -> tuple[int, str]:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60, cwd=folder, env=os.environ | {"PATH": PATH})
    return done.returncode, done.stdout + done.stderr


def check_server(checks: Checks, name: str, server: str, examples: Path, folder: Path) -> None:
    def good(what: str, *words: object) -> str:
        code, output = call(*words, folder=folder)
        checks.check(f"{name}: {what}", code == 0, (code, output))
        return output

    def bad(what: str, wanted: str, *words: object) -> None:
        code, output = call(*words, folder=folder)
        checks.check(f"{name}: {what}", code == 1 and wanted in output, (code, output))

    shown = good("update.cpp", examples / "update", server, "acme.key", "www.example.com", "token")
    checks.equal(f"{name}: what it says", shown.splitlines(), [
        "signed change of example.com.", "set _acme-challenge.www.example.com. 60 IN TXT token", "signed change of example.com.", "removed it"])
    bad("another secret", "BADSIG", examples / "update", server, "wrong.key", "www.example.com", "token")
    bad("a key that it does not know", "BADKEY", examples / "update", server, "stranger.key", "www.example.com", "token")
    bad("another zone", "", examples / "update", server, "acme.key", "www.example.org", "token")

    shown = good("transfer.cpp", examples / "transfer", server, "example.com", "acme.key")
    checks.check(f"{name}: the zone", "www.example.com. 300 IN A 192.0.2.80\n" in shown and shown.endswith("; 205 records, serial 19\n"), shown)
    shown = good("what has changed", examples / "transfer", server, "example.com", "acme.key", "17")
    challenge = '_acme-challenge.www.example.com. 60 IN TXT "token"\n'
    checks.check(f"{name}: the differences", f"+{challenge}" in shown and f"-{challenge}" in shown and "192.0.2.80" not in shown, shown)
    shown = good("nothing has", examples / "transfer", server, "example.com", "acme.key", "19")
    checks.equal(f"{name}: nothing newer", shown, "; nothing newer than serial 19\n")
    bad("no key", "REFUSED", examples / "transfer", server, "example.com")
    bad("another zone", "", examples / "transfer", server, "example.org", "acme.key")


def check_signing(checks: Checks, program: Path, examples: Path, folder: Path) -> None:
    (folder / "keys").mkdir()
    code, first = call(examples / "sign", "example.com.zone", "signed", "keys", folder=folder)
    checks.check("sign.cpp", code == 0 and "; serial 18, " in first, first)
    code, again = call(examples / "sign", "example.com.zone", "signed", "keys", folder=folder)
    checks.check("with the key that is there", code == 0 and again.splitlines()[-1] == first.splitlines()[-1], again)
    ds = first.split(" IN DS ")[1].strip()
    code, shown = call(program, "zone", "verify", "signed", "--ds", ds, folder=folder)
    checks.check("kith verifies it", code == 0, shown)
    if shutil.which("dnssec-verify", path=PATH):
        code, shown = call("dnssec-verify", "-z", "-o", "example.com", "signed", folder=folder)
        checks.check("BIND verifies it", code == 0, shown)
    code, shown = call(examples / "sign", "broken.zone", "signed", "keys", folder=folder)
    checks.check("a broken zone", code == 1 and "broken.zone: error: " in shown, shown)


def check_tutorial(checks: Checks, name: str, server: str, prefix: Path, folder: Path) -> None:
    source = folder / f"tutorial_{name}.cpp"
    source.write_text(BEGIN + "".join(pieces("cpp", "zones")).replace("192.0.2.53", server) + "}\n")
    program = source.with_suffix("")
    run("c++", "-std=c++23", "-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers", str(source), "-o", str(program), *flags(prefix, "kith-zones"))
    code, shown = call(program, folder=folder)
    for wanted in (f"example.com. changed at {server}", "the server says YXRRSET", "new.example.com. 300 IN A 192.0.2.7", " signatures, 0 flaws",
                   "example.com. 3600 IN DS ", "; from serial 17 to 18", "NSEC3PARAM 1 0 0 -"):
        checks.check(f"{name}: the tutorial says '{wanted}'", code == 0 and wanted in shown, shown)
    checks.check(f"{name}: nothing is to complain about", "complaint" not in shown and "old.example.com. 300 IN A" not in shown.split("signatures")[0], shown)


def main() -> int:
    options = arguments(__doc__).parse_args()
    missing = [program for program in ("cmake", "pkg-config", "c++") if shutil.which(program) is None]
    if missing:
        return skip("not installed: " + " ".join(missing))
    checks = Checks()
    program = options.kith.resolve()
    with tempfile.TemporaryDirectory(prefix="kith-library-") as name:
        folder = Path(name)
        for file, text in (("acme.key", key_text()), ("wrong.key", key_text(base64.b64encode(b"wrong").decode())),
                           ("stranger.key", key_text(name="stranger")), ("example.com.zone", ZONE), ("broken.zone", "$ORIGIN a.\n@ 1 SOA x\n")):
            (folder / file).write_text(text)
        try:
            prefix = install(program.parent, folder)
            examples = build_examples(prefix, folder, "library")
            for server, start in (("kith", kith), ("BIND", bind)):
                if server == "BIND" and not shutil.which("named", path=PATH):
                    print("BIND is not installed")
                    continue
                with start(program) as address:
                    check_server(checks, server, address, examples, folder)
                with start(program) as address:
                    check_tutorial(checks, server, address, prefix, folder)
        except subprocess.CalledProcessError as error:
            print(f"{error}\n{error.stdout}\n{error.stderr}")
            checks.check("builds", False)
        else:
            check_signing(checks, program, examples, folder)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
