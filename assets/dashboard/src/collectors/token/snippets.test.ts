import { expect, test } from 'vitest';
import type { RegisteredCollector } from '../../api/types';
import { snippets } from './snippets';

const collector: Pick<RegisteredCollector, 'id' | 'jwt_token' | 'certificate' | 'private_key' | 'ca_certificate'> = {
  id: 'col_1',
  jwt_token: 'a.b.c',
  certificate: 'CERT\n',
  private_key: 'KEY\n',
  ca_certificate: 'CA\n',
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
