"""The stores of the comparison: ours, VictoriaMetrics, Prometheus, and PostgreSQL with one JSONB row a push.

The queries are the same work in each one's own words. q1: one series over the whole range. q2: the last value of
every series of one collector, each under one name. q3: a rate, summed by collector, over 5 series of each. q3b: the
same over 76. None is answered from what was kept of an earlier answer.
"""
import glob
import json
import os
import shutil
import subprocess

import psycopg

import process
from peer import Child, Http, Peer, answers, wait_for

WINDOW = "5m"
USER, PASSWORD = "bench", "a long pass phrase for the bench"


def table_of(call):
    return f"app_{call % 4 + 1}", f"t_{call % 9 + 1}"


class Ours(Child):
    name = "pganalytics"
    slow_queries = ()

    def __init__(self, folder, program, recording):
        super().__init__(folder)
        self.program, self.recording = program, recording
        self.data = f"{folder}/data"

    def start(self):
        self._serve(hot_window_hours=24)
        self._register()

    def _serve(self, hot_window_hours):
        config = f"{self.folder}/pganalytics.toml"
        with open(config, "w") as file:
            file.write(f'[server]\nlisten = "127.0.0.1:0"\n[storage]\ndata_dir = "{self.data}"\n'
                       f"[metrics]\nhot_window_hours = {hot_window_hours}\n")
        self.spawn([self.program, "serve", "--config", config], PGANALYTICS_TLS="off")
        wait_for(lambda: "listening on" in open(f"{self.folder}.log").read(), "the daemon")
        announced = next(line for line in open(f"{self.folder}.log") if "listening on" in line)
        self.port = int(announced.rsplit(":", 1)[1])

    def _register(self):
        admin = Http(self.port)
        code = open(f"{self.data}/setup-code").read().strip()
        admin.post_json("/api/v1/setup", {"code": code, "username": USER, "password": PASSWORD})
        login = admin.post_json("/api/v1/auth/login", {"username": USER, "password": PASSWORD})
        self.admin = {"Authorization": f"Bearer {login['token']}"}
        admin.headers = self.admin
        self.ids, self.tokens = [], []
        for number in range(self.recording.collectors):
            collector = {"name": f"pg-{number:03}", "type": "postgresql", "environment": "production",
                         "host": "127.0.0.1", "port": 5432, "database": "app", "username": "bench",
                         "password": "none", "ssl_mode": "disable", "test_connection": False}
            reply = admin.post_json("/api/v1/collectors/register", collector)
            self.ids.append(reply["id"])
            self.tokens.append(reply["jwt_token"])

    def sender(self):
        connection = Http(self.port, {"Content-Type": "application/json", "Content-Encoding": "zstd"})

        def send(place, body):
            token = self.tokens[place % len(self.tokens)]
            connection.call("POST", "/api/v1/metrics/push", body, {"Authorization": f"Bearer {token}"})

        return send

    def settle(self):
        """Until every hour has been folded into columns and then, as if the hot window had passed, been sealed."""
        self._await_idle("metrics-fold", "folded 0 hours")
        self.hot_bytes = os.path.getsize(f"{self.data}/hot.redb")
        self.spent += process.cpu_seconds(self.pid)
        self.stop()
        self._serve(hot_window_hours=1)
        self.spent -= process.cpu_seconds(self.pid)  # what a start costs is nobody's sample
        self._await_idle("metrics-seal", "sealed 0 documents in 0 slices")

    def _await_idle(self, name, idle):
        admin = Http(self.port, self.admin)
        runs = set()

        def is_idle():
            jobs = json.loads(admin.get("/api/v1/jobs"))["jobs"]
            job = next(job for job in jobs if job["name"] == name)
            runs.add(job["last_finished_at"])
            # the run that was seen first may have begun before the last push
            return job["last_result"] == idle and len(runs - {None}) > 1

        # seldom, as each look costs the daemon what some pushes do
        wait_for(is_idle, f"the job {name} to have nothing left", 900, pause=2)

    def stored(self):
        segments = glob.glob(f"{self.data}/segments/*/*.segment")
        return {"disk_bytes": sum(map(os.path.getsize, segments)), "hot_bytes": self.hot_bytes}

    def queries(self):
        connection = Http(self.port, self.admin)
        # rows of views have a name by the view besides, and the other stores have only one
        once = ',__name__=~".+_rows_.+"'
        return prometheus_queries(
            connection, self.recording, "/prometheus", "pg-", ("datname", "relname"), once, nocache=1)


def prometheus_queries(connection, recording, root, prefix, labels, once="", **extra):
    """The queries in the words of Prometheus, which three of the stores know. `once`: a condition that every series
    fulfils under one of its names."""
    last = recording.end - 55
    over = {"start": recording.start, "end": last, "step": 60, **extra}

    def one_series(call):
        of = zip(labels, table_of(call))
        selected = ",".join([f'collector="{prefix}{call % recording.collectors:03}"'] + [f'{k}="{v}"' for k, v in of])
        connection.get(f"{root}/api/v1/query_range", query=f"pg_stat_user_tables_n_tup_ins{{{selected}}}", **over)

    def last_values(call):
        query = f'{{collector="{prefix}{call % recording.collectors:03}"{once}}}'
        return connection.get(f"{root}/api/v1/query", query=query, time=last, **extra)

    def rates(name):
        query = f"sum by (collector) (rate({name}[{WINDOW}]))"
        connection.get(f"{root}/api/v1/query_range", query=query, **over)

    return {"q1": one_series, "q2": last_values,
            "q3": lambda _: rates("pg_stat_database_xact_commit"),
            "q3b": lambda _: rates("pg_stat_user_tables_seq_tup_read")}


class RemoteWrite(Child):
    """What VictoriaMetrics and Prometheus share: the protocol and the query language."""

    slow_queries = ()
    extra = {}

    def __init__(self, folder, recording):
        super().__init__(folder)
        self.recording = recording

    def sender(self):
        headers = {"Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "0.1.0",
                   "Content-Type": "application/x-protobuf"}
        connection = Http(self.port, headers)
        return lambda _, body: connection.call("POST", "/api/v1/write", body)

    def queries(self):
        return prometheus_queries(Http(self.port), self.recording, "", "c", ("database", "table"), **self.extra)


class VictoriaMetrics(RemoteWrite):
    name = "VictoriaMetrics"
    port = 18428
    extra = {"nocache": 1}

    def start(self):
        self.spawn(["victoria-metrics", "-storageDataPath", self.folder, "-httpListenAddr", f"127.0.0.1:{self.port}",
                    "-retentionPeriod", "12", "-search.latencyOffset", "0s", "-maxInsertRequestSize", "64MB"])
        wait_for(answers(self.port, "/health"), self.name)

    def settle(self):
        connection = Http(self.port)
        connection.get("/internal/force_flush")
        connection.get("/internal/force_merge")

        def is_idle():
            lines = connection.get("/metrics").decode().splitlines()
            return all(int(line.split()[-1]) == 0 for line in lines if line.startswith("vm_active_merges"))

        wait_for(is_idle, "the merges", 120)

    def stored(self):
        return {"disk_bytes": process.disk_bytes(f"{self.folder}/data") + process.disk_bytes(f"{self.folder}/indexdb")}


class Prometheus(RemoteWrite):
    name = "Prometheus"
    port = 19090

    def start(self):
        config = f"{self.folder}.yml"
        with open(config, "w") as file:
            file.write("global:\n  scrape_interval: 60s\n")
        self.spawn(["prometheus", "--config.file", config, "--storage.tsdb.path", self.folder,
                    "--web.listen-address", f"127.0.0.1:{self.port}", "--web.enable-remote-write-receiver",
                    "--web.enable-admin-api", "--storage.tsdb.retention.time", "90d"])
        wait_for(answers(self.port, "/-/ready"), self.name)

    def stored(self):
        """A snapshot writes the head as blocks, as the next hours would."""
        reply = json.loads(Http(self.port).call("POST", "/api/v1/admin/tsdb/snapshot"))
        return {"disk_bytes": process.disk_bytes(f"{self.folder}/snapshots/{reply['data']['name']}")}


class PostgresJsonb(Peer):
    """One row a push, as the design that this product replaces."""

    name = "PostgreSQL JSONB"
    port = 55440
    slow_queries = ("q3", "q3b")

    def __init__(self, folder, recording):
        super().__init__(folder)
        self.recording = recording
        self.programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.conninfo = f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres"

    def _run(self, program, *arguments):
        command = [f"{self.programs}/{program}", *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def start(self):
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        os.chmod(self.folder, 0o700)
        self._run("initdb", "-D", self.folder, "-A", "trust", "-U", "postgres")
        with open(f"{self.folder}/postgresql.conf", "a") as file:
            file.write(f"port={self.port}\nlisten_addresses='127.0.0.1'\nunix_socket_directories='{self.folder}'\n")
            file.write("shared_buffers=512MB\nmax_wal_size=4GB\nwork_mem=32MB\n")
        self._run("pg_ctl", "-D", self.folder, "-w", "-l", f"{self.folder}/log", "start")
        self.pid = int(open(f"{self.folder}/postmaster.pid").readline())
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute("create table collectors(id uuid primary key)")
            for number in range(self.recording.collectors):
                connection.execute("insert into collectors values (%s)", [_uuid(number)])
            connection.execute("""create table collector_metrics(
                id bigserial primary key, collector_id uuid not null references collectors(id) on delete cascade,
                metric_data jsonb not null, received_at timestamp not null, processed boolean default false,
                processed_at timestamp, record_count integer, checksum varchar(64))""")
            connection.execute("create index on collector_metrics(collector_id, received_at desc)")
            connection.execute("create index on collector_metrics(received_at desc)")

    def sender(self):
        connection = psycopg.connect(self.conninfo, autocommit=True)
        collectors = self.recording.collectors

        def send(place, body):
            at = body.index(b'"timestamp":"') + 13
            connection.execute(
                "insert into collector_metrics(collector_id, metric_data, received_at) values (%s, %s, %s)",
                [_uuid(place % collectors), body.decode(), body[at:at + 23].decode()], prepare=True)

        return send

    def settle(self):
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute("checkpoint")
            connection.execute("vacuum analyze")

    def stored(self):
        with psycopg.connect(self.conninfo) as connection:
            row = connection.execute("select pg_total_relation_size('collector_metrics')").fetchone()
        return {"disk_bytes": row[0]}

    def queries(self):
        connection = psycopg.connect(self.conninfo, autocommit=True)
        run = lambda sql, *values: connection.execute(sql, values, prepare=True).fetchall()
        rates = """with v as (select collector_id, received_at, sum((r->>'{column}')::float8) s
            from collector_metrics, jsonb_array_elements(metric_data->'metrics') g, jsonb_array_elements(g->'rows') r
            where g->>'source' = '{source}' group by 1, 2)
            select collector_id, received_at, (s - lag(s) over w) / 60 from v
            window w as (partition by collector_id order by received_at)"""
        one = """select received_at, (r->>'n_tup_ins')::float8
            from collector_metrics, jsonb_array_elements(metric_data->'metrics') g, jsonb_array_elements(g->'rows') r
            where collector_id = %s and g->>'source' = 'pg_stat_user_tables' and r->>'database' = %s
            and r->>'table' = %s order by 1"""
        last = """select g->>'source', r, e.key, e.value from (select metric_data from collector_metrics
            where collector_id = %s order by received_at desc limit 1) l,
            jsonb_array_elements(metric_data->'metrics') g, jsonb_array_elements(g->'rows') r, jsonb_each(r) e
            where jsonb_typeof(e.value) = 'number'"""
        collector = lambda call: _uuid(call % self.recording.collectors)
        return {
            "q1": lambda call: run(one, collector(call), *table_of(call)),
            "q2": lambda call: run(last, collector(call)),
            "q3": lambda _: run(rates.format(column="xact_commit", source="pg_stat_database")),
            "q3b": lambda _: run(rates.format(column="seq_tup_read", source="pg_stat_user_tables")),
        }

    def stop(self):
        self._run("pg_ctl", "-D", self.folder, "-m", "fast", "stop")


def _uuid(number):
    return f"00000000-0000-4000-8000-{number:012}"
