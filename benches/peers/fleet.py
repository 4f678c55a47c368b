#!/usr/bin/env python3
"""A thousand collectors on one daemon: what they cost it, and how fast it answers people meanwhile.

Each collector pushes about a thousand samples and beats once in every minute, in turns spread over the minute, while
one reader after the other asks what a dashboard asks. usage: fleet.py --program target/release/pganalytics
"""
import argparse
import collections
import json
import statistics
import tempfile
import threading
import time

import orjson
import zstandard

import process
from peer import Http, percentile
from recording import Recording, rfc3339
from stores import Ours

MINUTE_S = 60
SAMPLES = 1000


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True, help="the daemon, a release build")
    parser.add_argument("--recording", default="../shared/data/pushes.jsonl.zst")
    parser.add_argument("--collectors", type=int, default=1000)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--senders", type=int, default=8)
    return parser.parse_args()


class Fleet:
    """The collectors of one daemon."""

    def __init__(self, daemon, recording):
        self.daemon, self.recording = daemon, recording
        self.latencies = collections.defaultdict(list)
        self.stop = threading.Event()
        self.failures = []

    def body(self, collector, minute, compressor):
        """The documents of one snapshot up to about a thousand numbers."""
        snapshot = self.recording.documents[(collector * 7 + minute) % len(self.recording.documents)]
        documents, samples = [], 0
        for document in snapshot["metrics"]:
            numbers = sum(not isinstance(value, str) for row in document["rows"] for value in row.values())
            if samples + numbers <= SAMPLES * 1.1:
                documents.append(document)
                samples += numbers
        push = {"collector_id": self.daemon.ids[collector], "hostname": f"pg-{collector:04}", "version": "bench",
                "timestamp": rfc3339(int(time.time() * 1000)), "metrics": documents}
        return compressor.compress(orjson.dumps(push))

    def send(self, share, shares, minutes, began):
        connection = Http(self.daemon.port, {"Content-Type": "application/json"})
        compressor = zstandard.ZstdCompressor(level=3)  # one serves one thread
        mine = range(share, len(self.daemon.ids), shares)
        for minute in range(minutes):
            for collector in mine:
                due = began + minute * MINUTE_S + collector * MINUTE_S / len(self.daemon.ids)
                body = self.body(collector, minute, compressor)
                time.sleep(max(0.0, due - time.time()))
                token = {"Authorization": f"Bearer {self.daemon.tokens[collector]}"}
                with self.timed("push"):
                    connection.call("POST", "/api/v1/metrics/push", body, {**token, "Content-Encoding": "zstd"})
                beat = json.dumps({"timestamp": rfc3339(int(time.time() * 1000)), "status": "active",
                                   "cpu_usage": 1.5, "memory_usage": 40.0, "collection_time_ms": 12.0})
                with self.timed("heartbeat"):
                    connection.call("POST", f"/api/v1/collectors/{self.daemon.ids[collector]}/heartbeat", beat, token)

    def read(self):
        """What a dashboard asks, one call after the other, four a second."""
        connection = Http(self.daemon.port, self.daemon.admin)
        calls = 0
        while not self.stop.wait(0.25):
            id_ = self.daemon.ids[calls * 37 % len(self.daemon.ids)]
            since = rfc3339(int((time.time() - 3600) * 1000))
            asked = [("list of 1,000", "/api/v1/collectors?limit=1000"), ("first page", "/api/v1/collectors"),
                     ("search", "/api/v1/collectors?search=pg-0&status=online"),
                     ("collector", f"/api/v1/collectors/{id_}"),
                     ("charts", f"/api/v1/collectors/{id_}/metrics?from={since}&step=60"),
                     ("audit", "/api/v1/audit?limit=50")]
            name, path = asked[calls % len(asked)]
            with self.timed(name):
                connection.get(path)
            calls += 1

    def timed(self, name):
        return Timed(self.latencies[name])

    def guarded(self, work, *arguments):
        def run():
            try:
                work(*arguments)
            except BaseException as failure:  # a thread's end must not look like success
                self.failures.append(failure)

        thread = threading.Thread(target=run)
        thread.start()
        return thread


class Timed:
    def __init__(self, latencies):
        self.latencies = latencies

    def __enter__(self):
        self.begin = time.perf_counter()

    def __exit__(self, *_):
        self.latencies.append((time.perf_counter() - self.begin) * 1000)


def main():
    options = arguments()
    recording = Recording(options.recording, 1, 1, int(time.time()))
    recording.collectors = options.collectors
    with tempfile.TemporaryDirectory(prefix="pganalytics-fleet-") as folder:
        daemon = Ours(f"{folder}/daemon", options.program, recording)
        daemon.start()
        try:
            measure(Fleet(daemon, recording), options)
        finally:
            daemon.stop()


def measure(fleet, options):
    pid = fleet.daemon.pid
    before, disk, began = process.cpu_seconds(pid), process.disk_bytes(fleet.daemon.data), time.time()
    with process.PeakMemory(pid) as peak:
        shares = [fleet.guarded(fleet.send, share, options.senders, options.minutes, began)
                  for share in range(options.senders)]
        reader = fleet.guarded(fleet.read)
        for share in shares:
            share.join()
        fleet.stop.set()
        reader.join()
    if fleet.failures:
        raise SystemExit(f"a call failed: {fleet.failures[0]}")
    seconds = time.time() - began
    grown = process.disk_bytes(fleet.daemon.data) - disk
    print(f"{len(fleet.daemon.ids)} collectors for {seconds:.0f} s")
    print(f"| processor | {(process.cpu_seconds(pid) - before) / seconds:.1%} of a core |")
    print(f"| memory, peak | {peak.bytes / 1e6:.0f} MB Pss |")
    print(f"| disk | {grown / 1e6:.1f} MB more |")
    for name, latencies in fleet.latencies.items():
        print(f"| {name} | {len(latencies)} calls | p50 {statistics.median(latencies):.1f} ms "
              f"| p99 {percentile(latencies, 0.99):.1f} ms | worst {max(latencies):.1f} ms |")


if __name__ == "__main__":
    main()
