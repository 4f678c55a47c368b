// What an administrator pastes to start an agent. Commands are the same in
// every language.
import type { Collector, Download, RegisteredCollector } from '../../api/types';

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

/** What a collector was registered for. */
export type Watched = Pick<Collector, 'host' | 'port' | 'database' | 'username' | 'ssl_mode'>;

const PASSWORD = '/etc/pganalytics/postgres.password';
const EXPLAINED = '/usr/share/pganalytics-collector/collector.toml';
const TLS = `[tls]
ca_file = "/etc/pganalytics/ca.crt"
cert_file = "/etc/pganalytics/collector.crt"
key_file = "/etc/pganalytics/collector.key"
`;

export function snippets(
  issued: Pick<IssuedToken, 'id' | 'token' | 'certificates'>,
  url: string,
  packages: Download[] = [],
  watched?: Watched,
): Snippet[] {
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
  // An agent that had a token before has its file, with what the site entered.
  if (issued.certificates) files.push(['collector.toml', settings(watched) + (files.length > 0 ? TLS : '')]);
  return [
    { id: 'environment', label: 'Environment', text: environment(variables, files) },
    { id: 'systemd', label: 'systemd', text: installed(packages, url) + systemd(variables, files) },
    { id: 'docker', label: 'Docker', text: docker(variables, files) },
    { id: 'kubernetes', label: 'Kubernetes', text: kubernetes(variables, files) },
  ];
}

/**
 * What the agent needs in its file beside what its variables say. Its database
 * waits for the password, which is entered on the agent's machine alone.
 */
function settings(watched: Watched | undefined): string {
  if (!watched) return `# What it watches: see [postgres] in ${EXPLAINED}\n`;
  const { host, port, username, ssl_mode, database } = watched;
  const entries = { host, port, user: username, password_file: PASSWORD, ssl_mode, databases: database };
  const lines = Object.entries(entries).map(([key, value]) => `#${key} = ${JSON.stringify(value)}\n`);
  return `# To watch the database as well: put its password into the file that is
# named here (owner pganalytics-collector, mode 0600), take the signs off
# these lines, and restart the agent. All keys are explained in
# ${EXPLAINED}
#[postgres]
${lines.join('')}`;
}

/** Fetches and installs the agent's package. The checksum vouches for it, as the machine may not know the daemon's authority yet. */
function installed(packages: Download[], url: string): string {
  const [deb, rpm] = [newest(packages, 'deb'), newest(packages, 'rpm')];
  const steps = [deb && fetched(deb, url, 'dpkg --install'), rpm && fetched(rpm, url, 'rpm --upgrade --hash')];
  const [first, second] = steps.filter((step) => step !== undefined);
  if (first === undefined) return '';
  const choice = second === undefined ? first : `if command -v dpkg >/dev/null; then\n${first}else\n${second}fi\n`;
  return `# As root, on the machine of the agent. The package:\n${choice}`;
}

/** Names end with version and processor, so the last in their order is the newest. */
function newest(packages: Download[], format: string): Download | undefined {
  const agents = packages.filter((found) => found.format === format && found.name.startsWith('pganalytics-collector'));
  return agents.at(-1);
}

function fetched({ name, sha256 }: Download, url: string, install: string): string {
  return `  curl --fail --insecure --output /tmp/${name} ${url}/downloads/${name}
  echo '${sha256}  /tmp/${name}' | sha256sum --check && ${install} /tmp/${name}
`;
}

/** Writes files through `install`, which sets their mode before they have content. */
function written(files: [string, string][], options: string): string {
  return files
    .map(([name, text]) => `${unless(name)}install ${options} /dev/stdin /etc/pganalytics/${name} <<'END'\n${text.trimEnd()}\nEND\n`)
    .join('');
}

/** Settings that somebody entered are not written over. */
function unless(name: string): string {
  return name === 'collector.toml' ? `[ -e ${CONFIG} ] || ` : '';
}

function environment(variables: [string, string][], files: [string, string][]): string {
  const exports = variables.map(([name, value]) => `export ${name}='${value}'\n`).join('');
  return `${written(files, '-D -m 0600')}${exports}pganalytics-collector run --config ${CONFIG}\n`;
}

/** An agent that runs already, as one whose token was rotated, reads its new identity when it starts again. */
function systemd(variables: [string, string][], files: [string, string][]): string {
  const lines = variables.map(([name, value]) => `${name}=${value}`).join('\n');
  return `# As root, on the machine of the agent. Its identity:
${written(files, '-D -m 0640 -g pganalytics-collector')}install -D -m 0600 /dev/stdin /etc/pganalytics/collector.env <<'END'
${lines}
END
install -D -m 0644 /dev/stdin /etc/systemd/system/pganalytics-collector.service.d/token.conf <<'END'
[Service]
EnvironmentFile=/etc/pganalytics/collector.env
END
systemctl daemon-reload
systemctl enable pganalytics-collector
systemctl restart pganalytics-collector
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
