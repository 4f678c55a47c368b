// Starts the real parts: a throwaway PostgreSQL, the daemon and the agent.
// Everything lives in one temporary folder and ends with the test.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { within } from './wait.mjs';

const REPOSITORY = new URL('../../..', import.meta.url).pathname;
const DAEMON = process.env.PGANALYTICS_BIN ?? join(REPOSITORY, 'target/debug/pganalytics');
const AGENT = process.env.PGANALYTICS_COLLECTOR_BIN ?? join(REPOSITORY, 'target/debug/pganalytics-collector');

export const DATABASE = { name: 'app', user: 'watcher', password: 'a password for tests only' };

/** What was started, ended in the opposite order. */
export class Stage {
  #ends = [];

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'pganalytics-e2e-'));
    chmodSync(this.folder, 0o755);
  }

  atEnd(end) {
    this.#ends.push(end);
  }

  async close() {
    for (const end of this.#ends.reverse()) await end();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A process that is stopped with the stage; its output is kept for messages. */
  run(program, args, { env = {}, user = {} } = {}) {
    if (!existsSync(program)) throw new Error(`${program} is not there; build it, or name it by an environment variable`);
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], ...user });
    child.output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => (child.output += text));
    }
    const ended = new Promise((resolve) => child.once('exit', resolve));
    this.atEnd(async () => {
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await ended;
      clearTimeout(killer);
    });
    return child;
  }
}

/** A port that is free now; PostgreSQL cannot choose one by itself. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function newestPostgres() {
  const folder = '/usr/lib/postgresql';
  const versions = existsSync(folder) ? readdirSync(folder).sort((a, b) => Number(b) - Number(a)) : [];
  if (versions.length === 0) throw new Error(`${folder} holds no PostgreSQL; install the package postgresql`);
  return join(folder, versions[0], 'bin');
}

/** PostgreSQL refuses to run as root, so root lends it to the user postgres. */
function unprivileged() {
  if (process.getuid() !== 0) return {};
  return { uid: Number(must('id', ['-u', 'postgres'])), gid: Number(must('id', ['-g', 'postgres'])) };
}

function must(program, args, options = {}) {
  const done = spawnSync(program, args, { encoding: 'utf8', ...options });
  if (done.status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${done.stderr ?? ''}${done.error ?? ''}`);
  return done.stdout;
}

export async function startPostgres(stage) {
  const bin = newestPostgres();
  const port = await freePort();
  const home = join(stage.folder, 'postgres');
  mkdirSync(home);
  const passwordFile = join(home, 'password');
  writeFileSync(passwordFile, DATABASE.password);
  const user = unprivileged();
  if (user.uid) must('chown', ['-R', `${user.uid}:${user.gid}`, home]);
  const data = join(home, 'data');
  must(join(bin, 'initdb'), ['-D', data, '-U', DATABASE.user, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '-N'], {
    cwd: home,
    ...user,
  });
  const server = stage.run(join(bin, 'postgres'), ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', home, '-c', 'fsync=off'], {
    user,
  });
  const env = { ...process.env, PGPASSWORD: DATABASE.password, PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: DATABASE.user };
  const sql = (database, text) => must(join(bin, 'psql'), ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', database, '-c', text], { env });
  await within(30_000, 'PostgreSQL accepts connections', () => server.output.includes('ready to accept connections'));
  sql('postgres', `CREATE DATABASE ${DATABASE.name}`);
  sql(DATABASE.name, 'CREATE TABLE orders AS SELECT n AS id, repeat(md5(n::text), 4) AS note FROM generate_series(1, 5000) AS n');
  return { port, sql };
}

export async function startDaemon(stage) {
  const dataDir = join(stage.folder, 'daemon');
  mkdirSync(dataDir, { mode: 0o700 });
  const config = join(stage.folder, 'pganalytics.toml');
  // on a busy machine a collection of the debug build takes its time, and the pages under test say Online
  writeFileSync(config, '[fleet]\nslow_collection_ms = 60000\n');
  const daemon = stage.run(DAEMON, ['serve', '--config', config], {
    env: { PGANALYTICS_LISTEN: '127.0.0.1:0', PGANALYTICS_DATA_DIR: dataDir, PGANALYTICS_TLS: 'off' },
  });
  const url = await within(
    30_000,
    'the daemon says where it listens',
    () => /listening on (http:\/\/\S+)/.exec(daemon.output)?.[1],
    () => daemon.output,
  );
  const codeFile = join(dataDir, 'setup-code');
  const setupCode = await within(30_000, 'the setup code is written', () => existsSync(codeFile) && readFileSync(codeFile, 'utf8').trim());
  return { url, setupCode };
}

/** The agent as an administrator starts it: the token in its environment, the rest in a file. */
export function startAgent(stage, { url, token, id, postgresPort }) {
  const home = join(stage.folder, 'agent');
  mkdirSync(home, { mode: 0o700 });
  const passwordFile = join(home, 'postgres.password');
  writeFileSync(passwordFile, DATABASE.password, { mode: 0o600 });
  const config = join(home, 'collector.toml');
  writeFileSync(
    config,
    `[collector]
interval = 10
push_interval = 10
heartbeat_interval = 10
[postgres]
host = "127.0.0.1"
port = ${postgresPort}
user = "${DATABASE.user}"
password_file = "${passwordFile}"
ssl_mode = "disable"
databases = "${DATABASE.name}"
[spool]
directory = "${join(home, 'spool')}"
`,
    { mode: 0o600 },
  );
  return stage.run(AGENT, ['run', '--config', config], { env: { COLLECTOR_ID: id, COLLECTOR_JWT_TOKEN: token, CENTRAL_API_URL: url } });
}
