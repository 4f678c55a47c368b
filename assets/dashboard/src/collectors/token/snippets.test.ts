import { expect, test } from 'vitest';
import { snippets, type IssuedToken } from './snippets';

const collector: IssuedToken = {
  id: 'col_1',
  name: 'orders',
  token: 'a.b.c',
  certificates: { certificate: 'CERT\n', private_key: 'KEY\n', ca_certificate: 'CA\n' },
};

test.each(snippets(collector, 'https://pg.example:8443'))('$label carries identity, token, address and certificates', ({ text }) => {
  for (const part of [
    'COLLECTOR_ID',
    'col_1',
    'COLLECTOR_JWT_TOKEN',
    'a.b.c',
    'CENTRAL_API_URL',
    'https://pg.example:8443',
    'CERT',
    'KEY',
    'CA',
  ]) {
    expect(text).toContain(part);
  }
});

test('without TLS no certificates are written', () => {
  for (const { text } of snippets(collector, 'http://127.0.0.1:8080')) expect(text).not.toContain('KEY\n');
});

const packages = [
  { name: 'pganalytics-collector-4.0.0-1.x86_64.rpm', format: 'rpm', size_bytes: 1, sha256: 'ef' },
  { name: 'pganalytics-collector_3.9.0-1_amd64.deb', format: 'deb', size_bytes: 1, sha256: 'ab' },
  { name: 'pganalytics-collector_4.0.0-1_amd64.deb', format: 'deb', size_bytes: 1, sha256: 'cd' },
];

test('what the daemon hands out is fetched, checked and installed first', () => {
  const text = snippets(collector, 'https://pg.example:8443', packages).find(({ id }) => id === 'systemd')?.text ?? '';
  expect(text).toContain('https://pg.example:8443/downloads/pganalytics-collector_4.0.0-1_amd64.deb');
  expect(text).toContain("echo 'cd  /tmp/pganalytics-collector_4.0.0-1_amd64.deb' | sha256sum --check && dpkg --install");
  expect(text).toContain("echo 'ef  /tmp/pganalytics-collector-4.0.0-1.x86_64.rpm' | sha256sum --check && rpm --upgrade");
  expect(text.indexOf('dpkg --install')).toBeLessThan(text.indexOf('COLLECTOR_ID'));
  const without = snippets(collector, 'https://pg.example:8443').find(({ id }) => id === 'systemd')?.text ?? '';
  expect(without).not.toContain('downloads');
});

test('the first token brings a configuration, which does not replace one that is there', () => {
  const [environment] = snippets(collector, 'https://pg.example:8443');
  expect(environment?.text).toContain('[ -e /etc/pganalytics/collector.toml ] || install');
  expect(environment?.text).toContain('ca_file = "/etc/pganalytics/ca.crt"');
});

test('the configuration has what the collector was registered for, without its password', () => {
  const watched = { host: 'db.example', port: 5433, database: 'or"ders', username: 'watcher', ssl_mode: 'prefer' as const };
  for (const { text } of snippets(collector, 'https://pg.example', [], watched)) {
    for (const line of ['[postgres]', 'host = "db.example"', 'port = 5433', 'user = "watcher"', 'databases = "or\\"ders"']) {
      expect(text.split('\n').map((each) => each.trim())).toContain(`#${line}`);
    }
    expect(text).toContain('[tls]');
  }
});

test('a later token comes without certificates, and needs none', () => {
  const { id, token } = collector;
  for (const { text } of snippets({ id, token }, 'https://pg.example')) {
    expect(text).toContain('a.b.c');
    expect(text).not.toContain('collector.key');
  }
});

test('an agent that runs with an older token is started again with this one', () => {
  const systemd = snippets(collector, 'https://pg.example').find(({ id }) => id === 'systemd')?.text;
  expect(systemd).toMatch(/systemctl enable pganalytics-collector\nsystemctl restart pganalytics-collector\n$/);
});
