"""avahi-daemon and systemd-resolved in a namespace, each with a system bus of its own. Needs root."""

import os
import signal
import time
from pathlib import Path

from harness import ROOT
from links import Machine, Process

# Where programs and libraries are that may not be installed for tests: where KITH_PEERS says, or tools/peers unpacked them;
# or they are installed after all.
ROOTS = [Path(root) for root in (os.environ.get("KITH_PEERS"), ROOT / "build/peers", "/") if root]


def find_unpacked(pattern: str) -> Path | None:
    """The first file of this pattern below one of them."""
    return next((path for root in ROOTS for path in sorted(root.glob(pattern))), None)


BUS = """<busconfig><type>system</type><listen>unix:path={bus}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/><allow user="*"/></policy></busconfig>"""


class Bus:
    """A dbus-daemon that takes the system bus's place for what is started with `environment`."""

    made = 0

    def __init__(self, machine: Machine):
        self.machine = machine
        Bus.made += 1
        self.socket = machine.link.folder / f"bus-{Bus.made}"
        self.config = machine.link.folder / f"{self.socket.name}.conf"
        self.config.write_text(BUS.format(bus=self.socket))
        self.environment = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.socket}"}
        self.start()

    def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        self.process = self.machine.start("dbus-daemon", f"--config-file={self.config}", "--nofork", "--nopidfile", "--nosyslog")
        deadline = time.monotonic() + 5
        while not self.socket.exists():
            assert time.monotonic() < deadline, self.process.output()
            time.sleep(0.02)

    def stop(self) -> None:
        self.process.stop(signal.SIGTERM)


class Avahi:
    """avahi-daemon with a bus of its own in one namespace."""

    def __init__(self, machine: Machine, host: str, settings: str = ""):
        self.machine = machine
        self.bus = Bus(machine)
        self.environment = self.bus.environment
        self.config = machine.link.folder / f"avahi-{self.bus.socket.name}.conf"
        self.config.write_text(f"[server]\nhost-name={host}\nallow-interfaces=eth0\n{settings}\n[wide-area]\nenable-wide-area=no\n")
        self.start_daemon()

    def start_daemon(self) -> None:
        # `ip netns exec` gives a mount namespace of its own, so nothing of this is seen outside.
        self.process = self.start("sh", "-c", f"""mkdir -p /run/avahi-daemon && mount -t tmpfs tmpfs /run/avahi-daemon &&
exec avahi-daemon -f {self.config} --no-drop-root --no-chroot --no-rlimits""")
        self.process.wait_output("Server startup complete")

    def stop(self) -> None:
        self.process.stop(signal.SIGTERM)

    def run(self, *words: str, seconds: float = 15) -> str:
        return self.machine.run(*words, environment=self.environment, seconds=seconds)

    def start(self, *words: str, stdin: bool = False) -> Process:
        return self.machine.start(*words, environment=self.environment, stdin=stdin)


class Resolved:
    """systemd-resolved with a bus, a host name and a configuration of its own in one namespace."""

    # Installing the package would take over the machine's resolv.conf.
    program = find_unpacked("lib/systemd/systemd-resolved")
    resolvectl = find_unpacked("usr/bin/resolvectl")
    missing = "" if program and resolvectl else "systemd-resolved is not here (tools/peers unpacks it)"

    def __init__(self, machine: Machine, host: str):
        self.machine = machine
        self.host = host
        self.bus = Bus(machine)
        self.environment = self.bus.environment
        self.folder = machine.link.folder / f"resolved-{self.bus.socket.name}"
        (self.folder / "etc/dnssd").mkdir(parents=True)
        (self.folder / "passwd").write_text(Path("/etc/passwd").read_text() + "systemd-resolve:x:996:996::/:/usr/sbin/nologin\n")
        (self.folder / "group").write_text(Path("/etc/group").read_text() + "systemd-resolve:x:996:\n")
        (self.folder / "etc/resolved.conf").write_text("[Resolve]\nMulticastDNS=yes\nLLMNR=no\nDNSStubListener=no\n")
        (self.folder / "etc/dnssd/ssh.dnssd").write_text("[Service]\nName=%H-ssh\nType=_ssh._tcp\nPort=22\nTxtText=made=resolved\n")
        self.start_daemon()

    def start_daemon(self) -> None:
        folder = self.folder
        script = f"""mount --bind {folder}/passwd /etc/passwd; mount --bind {folder}/group /etc/group
mkdir -p /etc/systemd /run/systemd; mount --bind {folder}/etc /etc/systemd; mount -t tmpfs tmpfs /run/systemd
mkdir -p /run/systemd/resolve /run/systemd/netif/links; chown 996:996 /run/systemd/resolve
hostname {self.host}
trap 'kill $daemon; wait; exit 0' INT TERM
{self.program} & daemon=$!
until {self.resolvectl} mdns eth0 yes 2>/dev/null; do kill -0 $daemon || exit 1; sleep 0.2; done
echo ready; wait $daemon"""
        self.process = self.start("unshare", "-u", "sh", "-c", script)
        self.process.wait_output("ready")

    def stop(self) -> None:
        self.process.stop(signal.SIGTERM)

    def start(self, *words: str, stdin: bool = False) -> Process:
        return self.machine.start(*words, environment=self.environment, stdin=stdin)

    def run(self, *words: str, seconds: float = 15) -> str:
        """resolvectl"""
        return self.machine.run(str(self.resolvectl), *words, environment=self.environment, seconds=seconds)
