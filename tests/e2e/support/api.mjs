// The daemon's API for what a test needs to be there before it begins.

async function call(daemon, token, method, path, body) {
  const reply = await fetch(`${daemon.url}/api/v1/${path}`, {
    method,
    headers: { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`);
  return reply.status === 204 ? null : reply.json();
}

/** Makes the first administrator, and answers calls in their name. */
export async function setUp(daemon, { username, password }) {
  await call(daemon, null, 'POST', 'setup', { code: daemon.setupCode, username, password });
  const { token } = await call(daemon, null, 'POST', 'auth/login', { username, password });
  return (method, path, body) => call(daemon, token, method, path, body);
}

/** Registers a collector whose database nobody asks. One sign of life of it lasts longer than any test. */
export function register(admin, name, change = {}) {
  return admin('POST', 'collectors/register', {
    name,
    type: 'postgresql',
    environment: 'production',
    host: '127.0.0.1',
    port: 5432,
    database: 'app',
    username: 'watcher',
    password: 'a password for tests only',
    ssl_mode: 'disable',
    collection_interval: 3600,
    test_connection: false,
    ...change,
  });
}

/** A sign of life, as an agent sends it, and the answer to it. */
export async function beat(daemon, { id, jwt_token }, figures = {}) {
  const reply = await fetch(`${daemon.url}/api/v1/collectors/${id}/heartbeat`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${jwt_token}` },
    body: JSON.stringify({ timestamp: new Date().toISOString(), status: 'active', cpu_usage: 12, memory_usage: 34, ...figures }),
  });
  if (!reply.ok) throw new Error(`heartbeat: ${reply.status} ${await reply.text()}`);
  return reply.json();
}

/** Answers the one command that a collector is told, as its agent would. */
export async function answerCommand(daemon, collector, status, detail) {
  const { commands } = await beat(daemon, collector);
  if (commands.length !== 1) throw new Error(`expected one command, was told ${JSON.stringify(commands)}`);
  const path = `collectors/${collector.id}/commands/${commands[0].id}/result`;
  await call(daemon, collector.jwt_token, 'POST', path, { status, ...(detail ? { detail } : {}) });
}

/** Asks as the agent of a collector. A number of 64 bits is a BigInt. */
async function asAgent(daemon, { jwt_token }, path, body) {
  const text = JSON.stringify(body, (_, value) => (typeof value === 'bigint' ? `${value}n` : value)).replace(/"(-?\d+)n"/g, '$1');
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${jwt_token}` };
  const reply = await fetch(`${daemon.url}/api/v1/${path}`, { method: 'POST', headers, body: text });
  if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
}

/** Documents, as an agent pushes them. */
export function pushDocuments(daemon, collector, metrics) {
  return asAgent(daemon, collector, 'metrics/push', { collector_id: collector.id, metrics });
}

/** Lines of an agent's own log. */
export function sendLogs(daemon, collector, entries) {
  return asAgent(daemon, collector, `collectors/${collector.id}/logs`, { entries });
}
