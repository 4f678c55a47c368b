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

test('a later token comes without certificates, and needs none', () => {
  const { id, token } = collector;
  for (const { text } of snippets({ id, token }, 'https://pg.example')) {
    expect(text).toContain('a.b.c');
    expect(text).not.toContain('collector.key');
  }
});
