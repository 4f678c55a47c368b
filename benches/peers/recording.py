"""Fans the recording out to many collectors, and encodes every push beforehand in the form each store takes.

Collector c replays the snapshots from c * SHIFT on, so no two of the first forty hold the same numbers at the same
moment. Behind the last snapshot comes the first again, where every counter starts anew.
Bodies come in the order of time: all collectors of the first minute, then all of the second, and so on.
"""
import datetime
import io
import json
import struct

import cramjam
import orjson
import zstandard

SHIFT = 18
STEP_S = 60


class Bodies:
    """The pushes of one kind, and what they hold."""

    def __init__(self, pushes, samples, start, end):
        self.pushes, self.samples, self.start, self.end = pushes, samples, start, end


class Recording:
    def __init__(self, path, collectors, snapshots, end):
        with open(path, "rb") as file:
            lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file))
            self.documents = [orjson.loads(line) for line in lines]
        self.collectors, self.snapshots = collectors, snapshots
        self.end = end
        self.start = end - snapshots * STEP_S
        self.points = [_points(document) for document in self.documents]

    def _turns(self):
        """Of every push: its collector, its place in the recording, and its time in milliseconds."""
        for minute in range(self.snapshots):
            for collector in range(self.collectors):
                place = (collector * SHIFT + minute) % len(self.documents)
                jitter = int(self.documents[place]["timestamp"][-4:-1])
                yield collector, place, (self.start + minute * STEP_S) * 1000 + jitter

    def _bodies(self, encode):
        pushes = [encode(*turn) for turn in self._turns()]
        samples = sum(len(self.points[place]) for _, place, _ in self._turns())
        return Bodies(pushes, samples, self.start, self.end)

    def documents_for(self, ids, compressed):
        """The pushes as agents send them, with the ids of registered collectors."""
        compressor = zstandard.ZstdCompressor(level=3)

        def encode(collector, place, time_ms):
            push = {**self.documents[place], "collector_id": ids[collector], "hostname": f"pg-{collector:03}"}
            body = orjson.dumps({**push, "timestamp": rfc3339(time_ms)})
            return compressor.compress(body) if compressed else body

        return self._bodies(encode)

    def remote_write(self):
        """Prometheus remote write 1.0: snappy(protobuf WriteRequest), with a label for the collector."""
        labels = {}

        def label(collector, key):
            if (collector, key) not in labels:
                name, pairs = key
                every = sorted([("__name__", name), ("collector", f"c{collector:03}"), *pairs])
                labels[collector, key] = b"".join(
                    _field(1, _field(1, a.encode()) + _field(2, b.encode())) for a, b in every
                )
            return labels[collector, key]

        def encode(collector, place, time_ms):
            time = b"\x10" + _varint(time_ms)
            series = (
                _field(1, label(collector, key) + _field(2, b"\x09" + struct.pack("<d", value) + time))
                for key, value in self.points[place]
            )
            return bytes(cramjam.snappy.compress_raw(b"".join(series)))

        return self._bodies(encode)


def _points(document):
    points = []
    for metric in document["metrics"]:
        for row in metric["rows"]:
            labels = tuple(sorted((key, value) for key, value in row.items() if isinstance(value, str)))
            numbers = ((key, value) for key, value in row.items() if not isinstance(value, str))
            points += [((f"{metric['source']}_{key}", labels), float(value)) for key, value in numbers]
    return points


def rfc3339(time_ms):
    moment = datetime.datetime.fromtimestamp(time_ms / 1000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time_ms % 1000:03}Z"


def _varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out + bytes([number]))


def _field(tag, content):
    return bytes([tag << 3 | 2]) + _varint(len(content)) + content
