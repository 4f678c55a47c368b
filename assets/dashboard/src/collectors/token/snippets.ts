// What an administrator pastes to start an agent. Commands are the same in
// every language.
import type { RegisteredCollector } from '../../api/types';

export interface Snippet {
  id: string;
  label: string;
  text: string;
}

const CONFIG = '/etc/pganalytics/collector.toml';

export type Certificates = Pick<RegisteredCollector, 'certificate' | 'private_key' | 'ca_certificate'>;

/** A token as the server hands it out; certificates come with the first one only. */
export interface IssuedToken {
  id: string;
  name: string;
  token: string;
  /** When it expires, where the server says. */
  until?: string;
  certificates?: Certificates;
}

export function snippets(issued: Pick<IssuedToken, 'id' | 'token' | 'certificates'>, url: string): Snippet[] {
  const variables: [string, string][] = [
    ['COLLECTOR_ID', issued.id],
    ['COLLECTOR_JWT_TOKEN', issued.token],
    ['CENTRAL_API_URL', url],
  ];
  // Over plain HTTP, which an agent takes for its own machine only, there is nothing to certify.
  const files: [string, string][] =
    issued.certificates && url.startsWith('https:')
      ? [
          ['ca.crt', issued.certificates.ca_certificate],
          ['collector.crt', issued.certificates.certificate],
          ['collector.key', issued.certificates.private_key],
        ]
      : [];
  return [
    { id: 'environment', label: 'Environment', text: environment(variables, files) },
    { id: 'systemd', label: 'systemd', text: systemd(variables, files) },
    { id: 'docker', label: 'Docker', text: docker(variables, files) },
    { id: 'kubernetes', label: 'Kubernetes', text: kubernetes(variables, files) },
  ];
}

/** Writes files through `install`, which sets their mode before they have content. */
function written(files: [string, string][], options: string): string {
  return files.map(([name, text]) => `install ${options} /dev/stdin /etc/pganalytics/${name} <<'END'\n${text.trimEnd()}\nEND\n`).join('');
}

function environment(variables: [string, string][], files: [string, string][]): string {
  const exports = variables.map(([name, value]) => `export ${name}='${value}'\n`).join('');
  return `${written(files, '-D -m 0600')}${exports}pganalytics-collector run --config ${CONFIG}\n`;
}

function systemd(variables: [string, string][], files: [string, string][]): string {
  const lines = variables.map(([name, value]) => `${name}=${value}`).join('\n');
  return `# As root, on the machine of the agent:
${written(files, '-D -m 0640 -g pganalytics-collector')}install -D -m 0600 /dev/stdin /etc/pganalytics/collector.env <<'END'
${lines}
END
install -D -m 0644 /dev/stdin /etc/systemd/system/pganalytics-collector.service.d/token.conf <<'END'
[Service]
EnvironmentFile=/etc/pganalytics/collector.env
END
systemctl daemon-reload
systemctl enable --now pganalytics-collector
`;
}

function docker(variables: [string, string][], files: [string, string][]): string {
  const options = variables.map(([name, value]) => `  --env ${name}='${value}' \\\n`).join('');
  return `${written(files, '-D -m 0644')}docker run --detach --name pganalytics-collector --restart unless-stopped \\
${options}  --volume /etc/pganalytics:/etc/pganalytics:ro \\
  --volume pganalytics-spool:/var/lib/pganalytics-collector \\
  pganalytics-collector run --config ${CONFIG}
`;
}

function kubernetes(variables: [string, string][], files: [string, string][]): string {
  const values = variables.map(([name, value]) => `  ${name}: "${value}"\n`).join('');
  const certificates = files.map(([name, text]) => `  ${name}: |\n${text.trimEnd().replace(/^/gm, '    ')}\n`).join('');
  return `apiVersion: v1
kind: Secret
metadata:
  name: pganalytics-collector
stringData:
${values}${certificates}# In the container of the agent:
#   envFrom:
#     - secretRef:
#         name: pganalytics-collector
`;
}
