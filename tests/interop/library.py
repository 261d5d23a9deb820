#!/usr/bin/env python3
"""The library for discovery as others use it: installed, found by CMake and pkg-config, its examples and every piece of its tutorial built
and run on a link; the shared library shows the functions of kith.h and nothing else. Needs root."""

import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from harness import ROOT, arguments, skip
from links import Link, unavailable

# What stands around the pieces of docs/library.md. Each runs for a while in a program of its own.
CPP_BEGIN = """
#include <kith/discovery.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <cstdio>
[[maybe_unused]] static bool running = false;
[[maybe_unused]] static void forget(const kith::client::ServiceName&) {}
[[maybe_unused]] static void found(const kith::client::ServiceName& name, const std::string&) { std::printf("found %s\\n", name.to_text().c_str()); }
[[maybe_unused]] static void redraw() {}
[[maybe_unused]] static void complain(const std::string& why) { std::printf("complaint: %s\\n", why.c_str()); }
[[maybe_unused]] static void use(const sockaddr_storage&, std::uint32_t size) { std::printf("address of %u bytes\\n", size); }
int main() {
"""
CPP_OPEN = "kith::client::Options options; options.backend = kith::client::Backend::mdns; auto discovery = kith::client::Discovery::open(options);\n"
CPP_END = """
discovery->run_until([] { return false; }, std::chrono::milliseconds(1500));
std::printf("done\\n");
}
"""
C_BEGIN = """#include <kith/kith.h>
#include <poll.h>
#include <stdio.h>
"""
C_END = "int main(void) { return look(); }\n"


def run(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def install(build_folder: Path, folder: Path) -> Path:
    prefix = folder / "prefix"
    run("cmake", "--build", str(build_folder), "--target", "kith_library")
    run("cmake", "--install", str(build_folder), "--component", "library", "--prefix", str(prefix))
    return prefix


def build_examples(prefix: Path, folder: Path, source: str = "client") -> Path:
    out = folder / "examples"
    run("cmake", "-S", str(ROOT / "examples" / source), "-B", str(out), f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", str(out))
    return out


def flags(prefix: Path, package: str) -> list[str]:
    [found] = prefix.rglob(f"{package}.pc")
    environment = os.environ | {"PKG_CONFIG_PATH": str(found.parent)}
    return subprocess.run(["pkg-config", "--cflags", "--libs", package], check=True, capture_output=True, text=True,
                          env=environment).stdout.split()


def pieces(language: str, chapter: str = "discovery") -> list[str]:
    """Of the chapter on zones, or of all that stands before it."""
    discovery, zones = (ROOT / "docs/library.md").read_text().split("\n## Zones\n")
    return re.findall(rf"^```{language}\n(.*?)^```$", zones if chapter == "zones" else discovery, re.MULTILINE | re.DOTALL)


def build_pieces(prefix: Path, folder: Path) -> list[Path]:
    """A program of each piece of the tutorial: those in C++ with the archive, those in C with the shared library."""
    out = []
    before = ""
    for number, piece in enumerate(pieces("cpp")):
        source = folder / f"piece{number}.cpp"
        # The first opens; that of registering ends with goodbye, which is shown afterwards.
        opens = "Discovery::open" in piece
        if "shut_down()" in piece:
            piece = before + piece
        elif "register_service" in piece:
            before = piece
        source.write_text(CPP_BEGIN + ("" if opens else CPP_OPEN) + piece + CPP_END)
        run("c++", "-std=c++20", "-Wall", "-Wextra", "-Werror", "-Wno-unused-variable", "-Wno-unused-parameter", "-Wno-missing-field-initializers", str(source), "-o",
            str(source.with_suffix("")), *flags(prefix, "kith"))
        out.append(source.with_suffix(""))
    for number, piece in enumerate(pieces("c")):
        source = folder / f"piece{number}.c"
        source.write_text(C_BEGIN + piece + C_END)
        program = folder / f"piece{number}_c"
        run("cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-D_POSIX_C_SOURCE=200809L", str(source), "-o", str(program), *flags(prefix, "kith-c"))
        out.append(program)
    return out


def check_shared(prefix: Path) -> Path:
    [library] = [path for path in prefix.rglob("libkith.so.*") if path.is_symlink()]
    header = (ROOT / "src/client/kith.h").read_text()
    declared = set(re.findall(r"^KITH_API [^;(]*?[ *](kith_\w+)\(", header, re.MULTILINE))
    version = re.search(r"^#define KITH_ABI_VERSION (\d+)$", header, re.MULTILINE)[1]
    shown = {line.split()[-1] for line in run("nm", "-D", "--defined-only", str(library)).splitlines()} - {f"KITH_{version}"}
    expected = {f"{name}@@KITH_{version}" for name in declared}
    assert shown == expected, f"only in the library: {shown - expected}; only in the header: {expected - shown}"
    assert f"[libkith.so.{version}]" in run("readelf", "-d", str(library))
    print(f"ok   libkith.so.{version} shows {len(declared)} functions and nothing else")
    return library.parent


def main() -> int:
    parser = arguments(__doc__)
    options = parser.parse_args()
    if why := unavailable(["cmake", "pkg-config", "readelf", "nm"]):
        return skip(why)
    with Link("AB") as link:
        try:
            prefix = install(options.kith.resolve().parent, link.folder)
            examples = build_examples(prefix, link.folder)
            programs = build_pieces(prefix, link.folder)
        except subprocess.CalledProcessError as error:
            print(f"FAIL {error}\n{error.stdout}\n{error.stderr}")
            return 1
        print("ok   find_package(kith) builds the examples, pkg-config the pieces of the tutorial")
        shared = {"LD_LIBRARY_PATH": str(check_shared(prefix))}
        offering = link["A"].start(str(examples / "register"), "Example")
        offering.wait_output("registered Example._http._tcp.local")
        print("ok   register.cpp")
        browsing = link["B"].start(str(examples / "browse"), "_http._tcp")
        browsing.wait_output("Example is at ")
        print("ok   browse.cpp")
        host = browsing.output().split("Example is at ")[1].split(":")[0]
        for name in ("query", "query_shared"):
            answer = link["B"].run(str(examples / name), host, environment=shared)
            assert f"A {link['A'].v4} on eth0" in answer, answer
            print(f"ok   query.c, {name}")
        printing = link["A"].start(str(options.kith.resolve()), "register", "My Printer", "_ipp._tcp", "631")
        printing.wait_output("registered")
        shown = ""
        for program in programs:
            done = subprocess.run(["ip", "netns", "exec", link["B"].name, str(program)], capture_output=True, text=True, timeout=30,
                                  env=link["B"].environment | shared)
            assert done.returncode == 0 and "complaint" not in done.stdout, f"{program.name} of the tutorial: {done.returncode}\n{done.stdout}{done.stderr}"
            shown += done.stdout
            print(f"ok   {program.name} of the tutorial")
        for wanted in ("found My Printer._ipp._tcp.local", "address of 16 bytes", "_ipp._tcp in local", "received from", "My Printer on eth0"):
            assert wanted in shown, f"{wanted}:\n{shown}"
        assert offering.stop() == 0
        browsing.wait_output("Example is gone")
        print("ok   goodbye")
    return 0


if __name__ == "__main__":
    sys.exit(main())
