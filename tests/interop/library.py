#!/usr/bin/env python3
"""The library as others use it: installed, found by CMake, its three examples built and run on a link. Needs root."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from harness import ROOT, arguments, skip
from links import Link, unavailable


def build(build_folder: Path, folder: Path) -> Path:
    """Installs the library below `folder` and builds the examples against it."""
    prefix, out = folder / "prefix", folder / "examples"
    for words in (["cmake", "--build", str(build_folder), "--target", "kith_library"],
                  ["cmake", "--install", str(build_folder), "--component", "library", "--prefix", str(prefix)],
                  ["cmake", "-S", str(ROOT / "examples/client"), "-B", str(out), f"-DCMAKE_PREFIX_PATH={prefix}"],
                  ["cmake", "--build", str(out)]):
        subprocess.run(words, check=True, capture_output=True, text=True)
    return out


def main() -> int:
    parser = arguments(__doc__)
    options = parser.parse_args()
    if why := unavailable(["cmake"]):
        return skip(why)
    with Link("AB") as link:
        try:
            examples = build(options.kith.resolve().parent, link.folder)
        except subprocess.CalledProcessError as error:
            print(f"FAIL {error}\n{error.stdout}\n{error.stderr}")
            return 1
        print("ok   find_package(kith) builds the examples")
        offering = link["A"].start(str(examples / "register"), "Example")
        offering.wait_output("registered Example._http._tcp.local")
        print("ok   register.cpp")
        browsing = link["B"].start(str(examples / "browse"), "_http._tcp")
        browsing.wait_output("Example is at ")
        print("ok   browse.cpp")
        host = browsing.output().split("Example is at ")[1].split(":")[0]
        answer = link["B"].run(str(examples / "query"), host)
        assert f"A {link['A'].v4} on eth0" in answer, answer
        print("ok   query.c")
        assert offering.stop() == 0
        browsing.wait_output("Example is gone")
        print("ok   goodbye")
    return 0


if __name__ == "__main__":
    sys.exit(main())
