"""What the tests of discovery beside other programs share: machines on a link, checks, one test after the other."""

import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from harness import Checks
from links import Link, Machine, Process


class Suite(Checks):
    """A: where kith runs. B: who is beside it."""

    def __init__(self, kith: Path, link: Link):
        super().__init__()
        self.link = link
        self.a, self.b = link["A"], link["B"]
        self.kith = str(kith.resolve())

    def check(self, what: str, good: object, found: object = "") -> bool:
        if good:
            print(f"ok   {what}", flush=True)
        return super().check(what, good, found)

    def register_on(self, machine: Machine, *words: str) -> Process:
        """By kith's own responder; each line said to it is a new TXT record."""
        process = machine.start(self.kith, "register", *words, stdin=True)
        process.wait_output("registered")
        return process

    def until(self, what: str, look: Callable[[], str], wanted: Callable[[str], object], seconds: float = 15) -> bool:
        """Looks until `wanted` holds of what is seen."""
        deadline = time.monotonic() + seconds
        found = look()
        while not wanted(found) and time.monotonic() < deadline:
            time.sleep(0.2)
            found = look()
        return self.check(what, wanted(found), found)

    def wait_for(self, what: str, look: Callable[[], str], wanted: str, seconds: float = 10) -> bool:
        return self.until(what, look, lambda found: wanted in found, seconds)

    def run(self, test: Callable[[], None], machines: list[Machine]) -> None:
        print(f"-- {test.__doc__}", flush=True)
        try:
            test()
        except Exception:  # one broken test must not hide the others
            self.check(test.__name__, False, traceback.format_exc())
        for machine in machines:
            machine.stop_all()

    def run_all(self, tests: list[Callable[[], None]], only: list[str], machines: list[Machine]) -> int:
        for test in tests:
            if not only or test.__name__ in only:
                self.run(test, machines)
        return self.finish()
