"""What a process and its children cost: processor, memory, disk."""
import os
import threading

TICKS = os.sysconf("SC_CLK_TCK")


def tree(pid):
    waiting, found = [pid], []
    while waiting:
        process = waiting.pop()
        found.append(process)
        try:
            for task in os.listdir(f"/proc/{process}/task"):
                with open(f"/proc/{process}/task/{task}/children") as children:
                    waiting += [int(child) for child in children.read().split()]
        except OSError:
            pass  # it ended meanwhile
    return found


def cpu_seconds(pid):
    """User and system time, of ended children too."""
    total = 0
    for process in tree(pid):
        try:
            with open(f"/proc/{process}/stat") as stat:
                total += sum(int(field) for field in stat.read().rsplit(")", 1)[1].split()[11:15])
        except OSError:
            pass
    return total / TICKS


def memory_bytes(pid):
    """Pss: shared pages count for each process in part."""
    total = 0
    for process in tree(pid):
        try:
            with open(f"/proc/{process}/smaps_rollup") as rollup:
                total += sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:")) * 1024
        except OSError:
            pass
    return total


def disk_bytes(path):
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            try:
                total += os.path.getsize(os.path.join(folder, name))
            except OSError:
                pass
    return total


class PeakMemory:
    """Samples the memory of a process while the block runs."""

    def __init__(self, pid):
        self.pid, self.bytes = pid, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self):
        while not self._stop.is_set():
            self.bytes = max(self.bytes, memory_bytes(self.pid))
            self._stop.wait(0.25)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
