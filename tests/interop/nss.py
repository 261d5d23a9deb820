#!/usr/bin/env python3
"""libnss-mdns resolves names that kith announces: getaddrinfo, through the nsswitch.conf of Debian's desktops, asks
avahi-daemon over its socket, and avahi-daemon asks the link. Needs root."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from daemons import Avahi, find_unpacked
from harness import Checks, arguments, skip
from links import Link, unavailable


def main() -> int:
    options = arguments(__doc__).parse_args()
    why = unavailable(["avahi-daemon", "dbus-daemon", "nsenter", "getent"])
    library = find_unpacked("lib/*/libnss_mdns.so.2")
    if not why and library is None:
        why = "libnss-mdns is not here (tools/peers unpacks it)"
    if why:
        return skip(why)
    checks = Checks()
    with Link("AB") as link:
        a, b = link["A"], link["B"]
        avahi = Avahi(b, "hostb")
        ours = a.start(str(options.kith), "register", "Web", "_http._tcp", "80", "--host-name", "hosta", stdin=True)
        ours.wait_output("registered")

        def getent(hosts: str, database: str, name: str) -> str:
            switch = link.folder / "nsswitch.conf"
            switch.write_text(f"hosts: files {hosts} [NOTFOUND=return]\n")
            # avahi-daemon's socket is in its own mount namespace, and so must be who asks it.
            return b.run("nsenter", "-m", "-n", "-t", str(avahi.process.process.pid), "unshare", "-m", "sh", "-c",
                         f"mount --bind {switch} /etc/nsswitch.conf && LD_LIBRARY_PATH={library.parent} getent {database} {name}")

        found = getent("mdns4_minimal", "ahostsv4", "hosta.local")
        checks.check("getaddrinfo over IPv4 (mdns4_minimal)", a.v4 in found, found)
        found = getent("mdns", "ahosts", "hosta.local")
        checks.check("of either family (mdns)", a.v4 in found, found)
        found = getent("mdns6", "ahostsv6", "hosta.local")
        checks.check("IPv6 (mdns6)", a.v6 in found or "fe80" in found, found)
        found = getent("mdns4", "hosts", a.v4)
        checks.check("getnameinfo of the address", "hosta.local" in found, found)
        checks.check("a name nobody has", getent("mdns4_minimal", "ahostsv4", "nobody.local").strip() == "")
        ours.stop()
        return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
