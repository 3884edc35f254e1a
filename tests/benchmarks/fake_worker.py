"""A worker of `benchmarks.compare` without a framework: it does what its task says."""

import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.compare.protocol import encode, serve


class FakeWorker:
    """Steps are waits."""

    def start(self, task):
        self.task = task
        sys.stdout.write("words that the framework prints\n")
        sys.stdout.flush()
        if task.get("fault"):
            raise ValueError("no such network")
        answer = {"before": encode(task["outputs"]), "versions": {"fake": "1"}}
        if task.get("has_child"):
            self.child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            answer["child"] = self.child.pid
        return answer

    def run(self, steps):
        if self.task.get("dies"):
            sys.stderr.write("about to die\n")
            sys.exit(3)
        time.sleep(self.task["step_s"] * steps)
        return self.task["step_s"] * steps


serve(FakeWorker)
