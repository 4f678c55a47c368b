#!/usr/bin/env python3
"""Runs the daemon beside VictoriaMetrics, Prometheus and PostgreSQL on one recording, and prints the goals.

The stores take turns, several rounds long; every figure is the median of its rounds. All traffic stays on
127.0.0.1, and every process is one that this program started. usage: bench.py --program target/release/pganalytics
"""
import argparse
import json
import os
import statistics
import tempfile
import time

import peer
from recording import Recording
from stores import Ours, PostgresJsonb, Prometheus, VictoriaMetrics

HOUR_S = 3600
PACED = 50.0

# what each goal compares: title, figure, whether less is better, and for each store the factor to reach
GOALS = [
    ("server CPU s per million samples, settled", "cpu_settled", {"VictoriaMetrics": 0.30}),
    ("durable samples per core-second", "per_core", {"VictoriaMetrics": 3, "PostgreSQL JSONB": 3, "Prometheus": 12}),
    ("sealed bytes per sample on the disk, index included", "disk_bytes", {"VictoriaMetrics": 0.65, "PostgreSQL JSONB": 0.08}),
    ("push p99 at 50 a second, ms", "paced_p99_ms", {"PostgreSQL JSONB": 1}),
    ("q1 one series, ms", "q1", {"VictoriaMetrics": 1}),
    ("q2 last values of a collector, ms", "q2", {"VictoriaMetrics": 0.3}),
    ("q3 rates of 100 series, ms", "q3", {"VictoriaMetrics": 1}),
    ("q3b rates of 1,520 series, ms", "q3b", {"VictoriaMetrics": 1}),
    ("peak memory, MB", "peak_mb", {"VictoriaMetrics": 0.75}),
]
MORE_IS_BETTER = {"per_core"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True, help="the daemon, a release build")
    parser.add_argument("--recording", default="../shared/data/pushes.jsonl.zst")
    parser.add_argument("--collectors", type=int, default=20)
    parser.add_argument("--minutes", type=int, default=360, help="pushes of each collector")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--senders", type=int, default=2)
    parser.add_argument("--stores", default="ours,vm,pg,prom", help="which take part")
    parser.add_argument("--json", help="append the figures of every run to this file")
    return parser.parse_args()


def main():
    options = arguments()
    # slices that are over for longer than the shortest hot window, so that they can be sealed at once
    end = (int(time.time()) - HOUR_S) // (6 * HOUR_S) * (6 * HOUR_S)
    recording = Recording(options.recording, options.collectors, options.minutes, end)
    runs = {}
    for round_ in range(1, options.rounds + 1):
        for short in options.stores.split(","):
            name, figures = run(short, recording, options)
            runs.setdefault(name, []).append(figures)
            told = ", ".join(f"{key} {value:.3g}" for key, value in figures.items())
            print(f"round {round_}, {name}: {told}", flush=True)
            if options.json:
                with open(options.json, "a") as file:
                    file.write(json.dumps({"store": name, **figures}) + "\n")
    print_table({name: medians(figures) for name, figures in runs.items()})


def run(short, recording, options):
    with tempfile.TemporaryDirectory(prefix="pganalytics-peers-") as folder:
        os.chmod(folder, 0o755)  # PostgreSQL runs as a user of its own
        store, paced = (make(short, f"{folder}/{turn}", recording, options) for turn in ("full", "paced"))
        figures = peer.measure(store, Lazily(store, recording), recording.collectors, options.senders)
        figures["per_core"] = 1 / figures["cpu_ingest"] * 1e6
        figures["paced_p99_ms"] = paced_p99(paced, recording, options)
        return store.name, figures


def make(short, folder, recording, options):
    if short == "ours":
        return Ours(folder, options.program, recording)
    return {"vm": VictoriaMetrics, "prom": Prometheus, "pg": PostgresJsonb}[short](folder, recording)


def paced_p99(store, recording, options, seconds=20):
    """The latency of a push where the store has time for it: 50 a second."""
    store.start()
    try:
        bodies = Lazily(store, recording).first(int(PACED * seconds))
        _, latencies = peer.push_all(store, bodies, recording.collectors, options.senders, PACED)
        return peer.percentile(latencies, 0.99)
    finally:
        store.stop()


class Lazily:
    """The bodies of one store, encoded when they are first needed: ids of collectors come from its start."""

    def __init__(self, store, recording):
        self.store, self.recording, self._bodies = store, recording, None

    def _made(self):
        if self._bodies is None:
            if isinstance(self.store, Ours):
                self._bodies = self.recording.documents_for(self.store.ids, compressed=True)
            elif isinstance(self.store, PostgresJsonb):
                ids = [f"collector-{number}" for number in range(self.recording.collectors)]
                self._bodies = self.recording.documents_for(ids, compressed=False)
            else:
                self._bodies = self.recording.remote_write()
        return self._bodies

    def __getattr__(self, name):
        return getattr(self._made(), name)

    def first(self, count):
        self._made().pushes = self._made().pushes[:count]
        return self._made()


def medians(runs):
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def print_table(stores):
    ours = stores.get(Ours.name)
    if ours is None:
        return
    print(f"\n| Goal | {Ours.name} | peer | ratio | to reach | |\n|---|---|---|---|---|---|")
    for title, figure, factors in GOALS:
        for name, factor in factors.items():
            if name not in stores:
                continue
            theirs = stores[name][figure]
            ratio = ours[figure] / theirs
            reached = ratio >= factor if figure in MORE_IS_BETTER else ratio <= factor
            limit = f"at {'least' if figure in MORE_IS_BETTER else 'most'} {factor}"
            verdict = "reached" if reached else "not reached"
            print(f"| {title} | {ours[figure]:,.3g} | {name} {theirs:,.3g} | {ratio:.2f} | {limit} | {verdict} |")


if __name__ == "__main__":
    main()
