"""The load generator as a child process that is told each run by a line and answers with JSON."""

import json
import subprocess
from pathlib import Path

import machine
from contenders import Process
from datasets import Dataset


class Generator:
    """One kith_load for a data set: the queries are read once, so a run starts at once."""

    def __init__(self, program: Path, data: Dataset, **options: object):
        words = {"queries": data.queries_file, "repeat": 1, "rd": int(data.recursion), **options}
        argv = [str(program), *(f"{key}={value}" for key, value in words.items())]
        self.process = Process(argv, {machine.GENERATOR_CORE}, data.folder, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)

    def begin(self, port: int, pids: list[int], seconds: float, **options: object) -> None:
        """Starts a run; `options` are keys of kith_load and stay set for the next runs."""
        words = {"server": f"127.0.0.1:{port}", "pids": ",".join(map(str, pids)), "seconds": seconds, **options}
        print(*(f"{key}={value}" for key, value in words.items()), file=self.process.popen.stdin, flush=True)

    def finish(self) -> dict:
        """Waits for the run and returns its figures."""
        line = self.process.popen.stdout.readline()
        if not line:
            raise RuntimeError(f"the load generator ended: {self.process.last_words()}")
        return json.loads(line)

    def run(self, port: int, pids: list[int], seconds: float, **options: object) -> dict:
        self.begin(port, pids, seconds, **options)
        return self.finish()
