"""What all stores of the comparison have in common: pushing, timing, asking."""
import http.client
import json
import os
import statistics
import subprocess
import threading
import time
import urllib.parse

import process


class Peer:
    """One store. It is started on an empty folder, fed, left to settle, asked, and stopped."""

    name = ""

    def __init__(self, folder):
        self.folder = folder
        self.pid = 0
        # what processes that have ended used of the processor
        self.spent = 0.0
        os.makedirs(folder)

    def start(self):
        raise NotImplementedError

    def sender(self):
        """A connection of its own: a function of the place of a push and its body."""
        raise NotImplementedError

    def settle(self):
        """Waits until what was pushed has reached its final form."""

    def cpu_seconds(self):
        return self.spent + process.cpu_seconds(self.pid)

    def stored(self):
        """Bytes on the disk, in the final form: data and index."""
        raise NotImplementedError

    def queries(self):
        """For each query its name and a function of the number of the call."""
        return {}

    def stop(self):
        raise NotImplementedError


class Child(Peer):
    """A store that is one process of ours."""

    def spawn(self, command, **environment):
        self.log = open(f"{self.folder}.log", "w")
        self.process = subprocess.Popen(
            command, stdout=self.log, stderr=subprocess.STDOUT, env={**os.environ, **environment}
        )
        self.pid = self.process.pid

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        self.log.close()


def wait_for(condition, what, seconds=60, pause=0.1):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited {seconds} s in vain for {what}")
        time.sleep(pause)


class Http:
    """A connection to a server on this machine."""

    def __init__(self, port, headers=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = headers or {}

    def call(self, method, path, body=None, headers=None):
        self.connection.request(method, path, body, {**self.headers, **(headers or {})})
        reply = self.connection.getresponse()
        content = reply.read()
        if reply.status >= 300:
            raise SystemExit(f"{method} {path} was answered {reply.status}: {content[:300]}")
        return content

    def get(self, path, **query):
        return self.call("GET", f"{path}?{urllib.parse.urlencode(query, doseq=True)}" if query else path)

    def post_json(self, path, body):
        return json.loads(self.call("POST", path, json.dumps(body), {"Content-Type": "application/json"}))


def answers(port, path):
    def ready():
        try:
            Http(port).get(path)
            return True
        except (OSError, SystemExit):
            return False

    return ready


def push_all(peer, bodies, collectors, senders, pace):
    """Sends every push, one collector always on the same connection. Gives the wall time and all latencies."""
    latencies = [[] for _ in range(senders)]
    failures = []
    started = time.time()

    def send_share(number):
        try:
            send = peer.sender()
            for place, body in enumerate(bodies.pushes):
                if place % collectors % senders != number:
                    continue
                if pace:
                    time.sleep(max(0.0, started + place / pace - time.time()))
                begin = time.perf_counter()
                send(place, body)
                latencies[number].append((time.perf_counter() - begin) * 1000)
        except BaseException as failure:  # a thread's end must not look like success
            failures.append(failure)

    threads = [threading.Thread(target=send_share, args=(number,)) for number in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(f"{peer.name}: a sender failed: {failures[0]}")
    return time.time() - started, [latency for share in latencies for latency in share]


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def measure(peer, bodies, collectors, senders=2, pace=0.0, calls=25):
    """One run of one store: a dictionary of figures."""
    peer.start()
    try:
        idle = peer.cpu_seconds()
        millions = bodies.samples / 1e6
        with process.PeakMemory(peer.pid) as peak:
            seconds, latencies = push_all(peer, bodies, collectors, senders, pace)
            ingest = peer.cpu_seconds() - idle
            peer.settle()
            settled = peer.cpu_seconds() - idle
        figures = {
            "samples": bodies.samples,
            "samples_per_s": bodies.samples / seconds,
            "cpu_ingest": ingest / millions,
            "cpu_settled": settled / millions,
            "push_p50_ms": statistics.median(latencies),
            "push_p99_ms": percentile(latencies, 0.99),
            "peak_mb": peak.bytes / 1e6,
            **{key: value / bodies.samples for key, value in peer.stored().items()},
        }
        for name, query in peer.queries().items():
            figures[name] = _median_ms(query, 3 if name in peer.slow_queries else calls)
        return figures
    finally:
        peer.stop()


def _median_ms(query, calls):
    times = []
    for call in range(calls + 2):
        begin = time.perf_counter()
        query(call)
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times[2:])  # the first two warm up
