#!/usr/bin/env python3
"""The running program as its operator meets it: start, signals, service manager, reload, NanoDNS's ways.

    tests/process/serve_test.py --kith build/dev/kith
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import dnsmsg
from harness import Checks, Kith, arguments, tcp_exchange, udp_exchange, wait_for, write_file
from upstream import Upstream

CONFIG = {"server": {"workers": 2}, "zones": {"lan": {}}, "records": [{"name": "host.lan", "type": "A", "value": "192.0.2.1"}]}


def copy_of(config: dict, **server: object) -> dict:
    copy = json.loads(json.dumps(config))
    copy.setdefault("server", {}).update(server)
    return copy


def run(program: Path, *words: str, folder: Path, files: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    for name, text in (files or {}).items():
        (folder / name).write_text(text)
    return subprocess.run([program, *words], cwd=folder, capture_output=True, text=True, timeout=30)


def signals(program: Path, checks: Checks, folder: Path) -> None:
    for sign in (signal.SIGTERM, signal.SIGINT):
        with Kith(program, CONFIG) as server:
            server.process.send_signal(sign)
            checks.equal(f"{sign.name} ends it with", server.process.wait(20), 0)
            checks.check("and says so", "server.stopped" in server.log())
            checks.equal("the manager is told", "STOPPING" in server.manager.wait("STOPPING"), True)
    with Kith(program, CONFIG) as server:
        server.ask("host.lan")
        server.ask("nothing.lan", tcp=True)
        server.process.send_signal(signal.SIGUSR1)
        wait_for(lambda: server.log().count("worker.counted") == 2, "a line for each worker")
        text = server.log()
        sums = {key: sum(int(line.split(f" {key}=")[1].split()[0]) for line in text.splitlines() if "worker.counted" in line)
                for key in ("udp", "tcp", "nxdomain", "malformed")}
        checks.equal("SIGUSR1 writes counters", sums, {"udp": 1, "tcp": 1, "nxdomain": 1, "malformed": 0})


def service_manager(program: Path, checks: Checks, folder: Path) -> None:
    with Kith(program, copy_of(CONFIG, hot_reload=False)) as server:  # a reload of its own would be told of as well
        server.write_config({"server": {"hot_reload": False}, "zones": {"lan": {}}, "records": [{"name": "host.lan", "type": "A", "value": "192.0.2.2"}]})
        server.manager.forget()
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        server.process.send_signal(signal.SIGHUP)
        state = server.manager.wait("RELOADING")
        stamp = int(state["MONOTONIC_USEC"])
        checks.check("SIGHUP: RELOADING=1 with the time", before <= stamp <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000, state)
        checks.check("and READY=1 when it is done", "READY" in server.manager.wait("READY"))
        checks.equal("by then the new answers are given", server.ask("host.lan").data("A"), ["192.0.2.2"])
        write_file(server.config_file, "{")
        status = server.reload().get("STATUS", "")
        checks.check("a refused reload is READY again, and says so", "refused" in status, status)
        checks.equal("and changes nothing", server.ask("host.lan").data("A"), ["192.0.2.2"])
    with Kith(program, CONFIG) as server:
        server.manager.reads.clear()
        # Far more than the kernel queues for it; each SIGHUP must still be acted on.
        for _ in range(6):
            before = len(server.log())
            server.process.send_signal(signal.SIGHUP)
            server.wait_log("config.reloaded", after=before)
        checks.equal("a service manager that hangs does not hang us", server.ask("host.lan").data("A"), ["192.0.2.1"])
        server.process.send_signal(signal.SIGTERM)
        checks.equal("nor keeps us from ending", server.process.wait(20), 0)


def cannot_start(program: Path, checks: Checks, folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run(program, "serve", "-c", "c.json", folder=folder,
                     files={"c.json": json.dumps(copy_of(CONFIG, listen=[f"127.0.0.1:{port}"], upstream=[]))})
        checks.equal("a port in use: exit code", result.returncode, 1)
        checks.check("and which, and why", f"127.0.0.1:{port}" in result.stderr and "in use" in result.stderr, result.stderr)
    result = run(program, "serve", "-c", "c.json", folder=folder, files={
        "c.json": '{\n  "server": {"listen": ["192.0.2.1:0"], "upstream": []}\n}'})
    checks.equal("an address that is not ours: exit code", result.returncode, 1)
    checks.check("and which", "192.0.2.1" in result.stderr, result.stderr)
    result = run(program, "serve", "-c", "c.json", folder=folder, files={
        "c.json": '{\n  "records": [\n    {"name": "a.lan", "type": "A", "value": "300.1.1.1"}\n  ]\n}'})
    checks.equal("a bad config: exit code", result.returncode, 1)
    checks.check("and file:line:column", "c.json:3:45: error:" in result.stderr, result.stderr)
    checks.equal("check says the same", run(program, "check", "c.json", folder=folder).stderr.splitlines()[0], result.stderr.splitlines()[0])
    result = run(program, "serve", "-c", "c.json", folder=folder, files={
        "c.json": '{"server": {"upstream": []}, "zones": {"z": {"file": "z.zone"}}}', "z.zone": "z. 60 SOA ns.z. a.z. 1 2 3 4 5\nz. 60 NS ns.z.\nns.z. 60 A 1.2.3\n"})
    checks.equal("a bad zone file: exit code", result.returncode, 1)
    checks.check("and its file:line:column", "z.zone:3:12: error:" in result.stderr, result.stderr)
    checks.equal("no config at all", run(program, "serve", "-c", "none.json", folder=folder).returncode, 1)
    checks.equal("an option that does not exist", run(program, "serve", "--prot", "53", folder=folder).returncode, 2)
    empty = folder / "empty"
    empty.mkdir()
    result = run(program, "check", folder=empty)
    checks.check("check where there is no config says what to do", result.returncode == 1 and "`kith init` writes one" in result.stderr, result.stderr)
    result = run(program, "bogus", "-c", "c.json", folder=folder)
    checks.check("an unknown command is named", result.returncode == 2 and "unknown command 'bogus'" in result.stderr, result.stderr)
    result = run(program, "chekc", folder=folder)
    checks.check("with the one it was meant to be", "did you mean 'check'?" in result.stderr, result.stderr)


def reloading(program: Path, checks: Checks, folder: Path) -> None:
    zone = "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.53\nwww 60 A {}\n"
    config = {"server": {"workers": 1}, "zones": {"z": {"file": "z.zone"}}}
    with Kith(program, config, files={"z.zone": zone.format("192.0.2.1")}) as server:
        def address() -> list[str]:
            return server.ask("www.z").data("A")
        checks.equal("from a zone file", address(), ["192.0.2.1"])
        write_file(server.folder / "z.zone", zone.format("192.0.2.2"))
        wait_for(lambda: address() == ["192.0.2.2"], "an edit to be served")
        before = len(server.log())
        (server.folder / "z.zone").unlink()
        server.wait_log("config.refused", after=before)
        checks.equal("a deleted zone file changes nothing", address(), ["192.0.2.2"])
        write_file(server.folder / "z.zone", zone.format("192.0.2.3"))
        wait_for(lambda: address() == ["192.0.2.3"], "the file that came back")
        before = len(server.log())
        server.write_config({"server": {"listen": ["127.0.0.1:1"], "workers": 7}, "zones": {"z": {"file": "z.zone"}}})
        # Not config.reloaded: the line of the reload before this one may still be on its way.
        for setting in ("listen", "workers"):
            server.wait_log(f"config.restart_needed setting={setting}", after=before)
        checks.equal("and goes on as it was", address(), ["192.0.2.3"])
        # A folder in which something is written all the time, as a log is.
        busy = True

        def scribble() -> None:
            with open(server.folder / "busy.log", "w") as out:
                while busy:
                    out.write("x")
                    out.flush()
        writer = threading.Thread(target=scribble)
        writer.start()
        write_file(server.folder / "z.zone", zone.format("192.0.2.4"))
        try:
            wait_for(lambda: address() == ["192.0.2.4"], "an edit in a busy folder", 10)
        except TimeoutError:
            pass
        busy = False
        writer.join()
        checks.equal("an edit in a busy folder is served", address(), ["192.0.2.4"])
        # A named pipe nobody writes to must not stop the thread that reads files, nor count as an empty one.
        before = len(server.log())
        os.mkfifo(server.folder / "pipe")
        (server.folder / "pipe").replace(server.folder / "z.zone")
        server.wait_log("found a pipe that nobody has written to", after=before)
        before = len(server.log())
        (server.folder / "z.zone").unlink()
        (server.folder / "z.zone").symlink_to("/dev/zero")
        server.wait_log("expected a file, found a device", after=before)
        write_file(server.folder / "z.zone", zone.format("192.0.2.5"))
        try:
            wait_for(lambda: address() == ["192.0.2.5"], "an edit after a named pipe", 10)
        except TimeoutError:
            pass
        checks.equal("a named pipe in place of a file does no harm", address(), ["192.0.2.5"])
    with Kith(program, copy_of(CONFIG, hot_reload=False)) as server:
        server.write_config(json.loads(json.dumps(CONFIG).replace("192.0.2.1", "192.0.2.9")))
        time.sleep(0.3)
        checks.equal("hot_reload false: edits wait", server.ask("host.lan").data("A"), ["192.0.2.1"])
        server.reload()
        checks.equal("for SIGHUP", server.ask("host.lan").data("A"), ["192.0.2.9"])
    # Read-only configuration: kith writes nothing back.
    with Kith(program, copy_of(CONFIG, config_version=7)) as server:
        text = server.config_file.read_text()
        server.config_file.chmod(0o444)
        server.folder.chmod(0o555)
        checks.check("a read-only config can be reloaded", "READY" in server.reload())
        server.folder.chmod(0o755)
        checks.equal("and is left as it is", server.config_file.read_text(), text)
        checks.check("without a complaint", "error" not in server.log() and "warn" not in server.log(), server.log())


def addresses(program: Path, checks: Checks, folder: Path) -> None:
    """A wildcard socket answers from the address that was asked: a client that connected takes no other."""
    with Kith(program, copy_of(CONFIG, listen=["0.0.0.0:0", "[::]:0"])) as server:
        (_, port), (_, port6) = server.addresses
        for asked in (("127.0.0.1", port), ("127.0.0.77", port), ("127.1.2.3", port), ("::1", port6)):
            for how in (udp_exchange, tcp_exchange):
                for _ in range(4):  # whichever worker gets it
                    reply = dnsmsg.Message(how(asked, dnsmsg.query("host.lan"), 10))
                checks.equal(f"0.0.0.0 and [::] answer {asked[0]}, {how.__name__}", reply.data("A"), ["192.0.2.1"])
    with Kith(program, copy_of(CONFIG, listen=[f"127.0.0.{i}:0" for i in range(1, 21)] + ["[::1]:0"])) as server:
        checks.equal("any number of addresses", len(server.addresses), 21)
        for index in range(21):
            query = dnsmsg.query("host.lan", edns=dnsmsg.opt(options=dnsmsg.option(dnsmsg.COOKIE, b"12345678")))
            udp, tcp = server.udp(query, index=index), server.tcp(query, index=index)
            checks.equal(f"UDP and TCP say the same on {server.addresses[index][0]}", udp.data(), tcp.data())


def as_nanodns(program: Path, checks: Checks, folder: Path) -> None:
    """Under the name nanodns it takes NanoDNS's commands and prints its words."""
    nanodns = folder / "nanodns"
    nanodns.symlink_to(program)
    for flag in ("--version", "-V"):
        result = run(nanodns, flag, folder=folder)
        checks.equal(flag, (result.returncode, result.stdout), (0, "nanodns 1.0.6\n"))
    result = run(nanodns, "init", folder=folder)
    checks.equal("init", (result.returncode, result.stdout), (0, "Example config written to nanodns.json\n"))
    sample = json.loads((folder / "nanodns.json").read_text())
    checks.equal("init's records", [record["name"] for record in sample["records"]],
                 ["web.internal.lan", "db.internal.lan", "api.internal.lan", "internal.lan", "app.internal.lan", "internal.lan"])
    (folder / "nanodns.json").write_text("old")
    checks.equal("init overwrites", (run(nanodns, "init", "nanodns.json", folder=folder).returncode,
                                     (folder / "nanodns.json").read_text() != "old"), (0, True))
    result = run(nanodns, "check", "nanodns.json", folder=folder)
    wanted = """✓ Config valid: nanodns.json
  Records        : 6
  Rewrites       : 2
  Zones          : 1
  Bind           : 0.0.0.0:53
  Upstream       : ["8.8.8.8", "1.1.1.1"] timeout=3s port=53
  Cache          : enabled=true ttl=300s size=1000
  Hot-reload     : true
  Config version : 1
  Mgmt API       : 0.0.0.0:9053
"""
    checks.equal("check", (result.returncode, result.stdout), (0, wanted))
    for why, text, words in (
            ("bad IPv4", '{"records": [{"name": "a.lan", "type": "A", "value": "1.2.3"}]}', "Record 'a.lan': invalid IPv4 '1.2.3'"),
            ("bad IPv6", '{"records": [{"name": "a.lan", "type": "AAAA", "value": "1.2.3.4"}]}', "Record 'a.lan': invalid IPv6 '1.2.3.4'"),
            ("no JSON", "{", "Cannot parse config: bad.json")):
        result = run(nanodns, "check", "bad.json", folder=folder, files={"bad.json": text})
        checks.equal(f"check of {why}", (result.returncode, result.stderr), (1, f"✗ Config invalid: {words}\n"))
    result = run(nanodns, "check", "none.json", folder=folder)
    checks.equal("check of nothing", (result.returncode, result.stderr), (1, "✗ Config invalid: Cannot read config: none.json\n"))
    result = run(nanodns, "start", "--config", "none.json", folder=folder)
    checks.equal("start without config", (result.returncode, result.stderr), (1, "Error: Config file not found: none.json\n"))
    with Kith(program, name="nanodns", folder=folder, arguments=["start", "-c", "nanodns.json", "--host", "127.0.0.1", "--port", "0",
                                                                 "--mgmt-port", "0", "--log-level", "WARN", "--no-cache"], wait=False) as server:
        server.manager.wait("READY")
        checks.check("start with all its flags", server.alive())


NANODNS_CONFIG = {
    "server": {"host": "127.0.0.1", "port": 0, "upstream_timeout": 1, "cache_size": 100},
    "zones": {"internal.lan": {"soa": {"mname": "ns1.internal.lan", "rname": "admin.internal.lan", "serial": 2024010101, "refresh": 3600,
                                       "retry": 900, "expire": 604800, "minimum": 300}, "ns": ["ns1.internal.lan"]}},
    "records": [
        {"name": "ns1.internal.lan", "type": "A", "value": "192.168.1.10"},
        {"name": "web.internal.lan", "type": "A", "value": "192.168.1.100"},
        {"name": "web.internal.lan.", "type": "A", "value": "192.168.1.101", "comment": "second address"},
        {"name": "api.internal.lan", "type": "CNAME", "value": "web.internal.lan"},
        {"name": "www.internal.lan", "type": "CNAME", "value": "www.example.com"},
        {"name": "app.internal.lan", "type": "A", "value": "192.168.1.200", "wildcard": True},
        {"name": "*.star.internal.lan", "type": "A", "value": "192.168.1.201", "wildcard": True},
        {"name": "own.app.internal.lan", "type": "A", "value": "192.168.1.202"},
        {"name": "internal.lan", "type": "MX", "value": "mail.internal.lan", "priority": 10},
        {"name": "internal.lan", "type": "TXT", "value": "v=spf1 mx ~all"},
        {"name": "alone.example.com", "type": "A", "value": "10.9.9.9"},
        {"name": "ads.internal.lan", "type": "A", "value": "192.168.1.250"}],
    "rewrites": [
        {"match": "ads.internal.lan", "action": "nxdomain"},
        {"match": "*.tracker.net", "action": "nxdomain"},
        {"match": "portal.example.com", "action": "redirect", "value": "192.168.1.5"},
        {"match": "*.internal.lan.example", "action": "redirect", "value": "192.168.1.6"}]}

# name, type, rcode, data of the answers; why.
NANODNS_ROWS = [
    ("WEB.internal.lan", "A", "NOERROR", ["192.168.1.100", "192.168.1.101"], "all records of the type, whatever the case"),
    ("web.internal.lan", "AAAA", "NOERROR", [], "no data is not NXDOMAIN"),
    ("web.internal.lan", "TYPE65280", "NOERROR", [], "no type of an own name goes upstream"),
    ("nothing.internal.lan", "A", "NXDOMAIN", [], "a declared zone owns its names"),
    ("nothing.internal.lan", "HTTPS", "NXDOMAIN", [], "for every type"),
    ("api.internal.lan", "A", "NOERROR", ["192.168.1.100", "192.168.1.101", "web.internal.lan."], "a CNAME is followed"),
    ("www.internal.lan", "A", "NOERROR", ["198.51.100.1", "www.example.com."], "upstream too"),
    ("app.internal.lan", "A", "NOERROR", ["192.168.1.200"], "a wildcard is its own name as well"),
    ("x.app.internal.lan", "A", "NOERROR", ["192.168.1.200"], "and one label below"),
    ("a.b.app.internal.lan", "A", "NXDOMAIN", [], "not two"),
    ("own.app.internal.lan", "A", "NOERROR", ["192.168.1.202"], "a name of its own is preferred"),
    ("star.internal.lan", "A", "NOERROR", ["192.168.1.201"], "the other spelling: the name"),
    ("x.star.internal.lan", "A", "NOERROR", ["192.168.1.201"], "one below"),
    ("a.b.star.internal.lan", "A", "NXDOMAIN", [], "not two"),
    ("ads.internal.lan", "A", "NXDOMAIN", [], "rewrites come before records"),
    ("tracker.net", "A", "NXDOMAIN", [], "*.x is x"),
    ("a.tracker.net", "A", "NXDOMAIN", [], "and one label"),
    ("a.b.tracker.net", "A", "NOERROR", ["198.51.100.1"], "and not two"),
    ("portal.example.com", "A", "NOERROR", ["192.168.1.5"], "redirected"),
    ("portal.example.com", "AAAA", "NOERROR", [], "an IPv4 redirect has no IPv6 address"),
    ("alone.example.com", "A", "NOERROR", ["10.9.9.9"], "a record outside zones"),
    ("beside.example.com", "A", "NOERROR", ["198.51.100.1"], "does not own what is beside it"),
    ("internal.lan", "NS", "NOERROR", ["ns1.internal.lan."], "`ns` of a zone is served"),
    ("internal.lan", "TXT", "NOERROR", ["v=spf1 mx ~all"], "TXT"),
]


def nanodns_answers(program: Path, checks: Checks, folder: Path) -> None:
    with Upstream() as upstream:
        config = copy_of(NANODNS_CONFIG, upstream=[upstream.text])
        with Kith(program, config, arguments=["serve", "-c", "kith.json"]) as server:
            for name, rtype, rcode, data, why in NANODNS_ROWS:
                for tcp in (False, True):
                    reply = server.ask(name, rtype, tcp=tcp)
                    checks.equal(f"{name} {rtype} ({why})", (reply.rcode_name, reply.data()), (rcode, data))
            reply = server.ask("x.app.internal.lan")
            checks.equal("the owner of a wildcard's answer is the name asked", reply.answer[0].name, (b"x", b"app", b"internal", b"lan"))
            reply = server.ask("nothing.internal.lan")
            checks.check("NXDOMAIN has AA and the SOA", reply.has(dnsmsg.AA) and [r.type for r in reply.authority] == [6], reply.wire.hex())
            checks.equal("the SOA is the configured one", server.ask("internal.lan", "SOA").answer[0].rdata[-20:-16], (2024010101).to_bytes(4, "big"))
            reply = server.ask("internal.lan", "MX")
            checks.equal("MX preference is the priority", reply.answer[0].rdata[:2], b"\0\x0a")
            leaked = [name for name in upstream.names() if name.endswith(("internal.lan.", "tracker.net.")) and name != "a.b.tracker.net."]
            checks.equal("own names were never forwarded", leaked, [])
            first = {server.ask("web.internal.lan").answer[0].rdata[-1] for _ in range(20)}
            checks.equal("several addresses take turns", first, {100, 101})


PARTS = [signals, service_manager, cannot_start, reloading, addresses, as_nanodns, nanodns_answers]


def main() -> int:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--part", help="only the function of this name")
    options = parser.parse_args()
    checks = Checks()
    for part in PARTS:
        if options.part not in (None, part.__name__):
            continue
        folder = Path(tempfile.mkdtemp(prefix="kith-serve-"))
        try:
            part(options.kith.resolve(), checks, folder)
        except Exception as error:  # one part that breaks off must not hide the others
            checks.check(part.__name__, False, f"{type(error).__name__}: {error}")
        finally:
            shutil.rmtree(folder)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
