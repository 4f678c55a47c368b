// What an administrator pastes to start an agent. Commands are the same in
// every language.

export interface Snippet {
  id: string;
  label: string;
  text: string;
}

export interface SnippetValues {
  collectorId: string;
  token: string;
  url: string;
}

export function snippets({ collectorId, token, url }: SnippetValues): Snippet[] {
  return [
    { id: 'environment', label: 'Environment', text: environment(collectorId, token, url) },
    { id: 'systemd', label: 'systemd', text: systemd(collectorId, token, url) },
    { id: 'docker', label: 'Docker', text: docker(collectorId, token, url) },
    { id: 'kubernetes', label: 'Kubernetes', text: kubernetes(collectorId, token, url) },
  ];
}

function environment(collectorId: string, token: string, url: string): string {
  return `export COLLECTOR_ID='${collectorId}'
export COLLECTOR_JWT_TOKEN='${token}'
export CENTRAL_API_URL='${url}'
pganalytics-collector run --config /etc/pganalytics/collector.toml
`;
}

function systemd(collectorId: string, token: string, url: string): string {
  return `# As root, on the machine of the agent:
install -d -m 0750 /etc/systemd/system/pganalytics-collector.service.d
(umask 077; cat > /etc/systemd/system/pganalytics-collector.service.d/token.conf) <<'END'
[Service]
Environment=COLLECTOR_ID=${collectorId}
Environment=COLLECTOR_JWT_TOKEN=${token}
Environment=CENTRAL_API_URL=${url}
END
systemctl daemon-reload
systemctl enable --now pganalytics-collector
`;
}

function docker(collectorId: string, token: string, url: string): string {
  return `docker run --detach --name pganalytics-collector --restart unless-stopped \\
  --env COLLECTOR_ID='${collectorId}' \\
  --env COLLECTOR_JWT_TOKEN='${token}' \\
  --env CENTRAL_API_URL='${url}' \\
  --volume /etc/pganalytics:/etc/pganalytics:ro \\
  --volume pganalytics-spool:/var/lib/pganalytics-collector \\
  pganalytics-collector run --config /etc/pganalytics/collector.toml
`;
}

function kubernetes(collectorId: string, token: string, url: string): string {
  return `apiVersion: v1
kind: Secret
metadata:
  name: pganalytics-collector
stringData:
  COLLECTOR_ID: "${collectorId}"
  COLLECTOR_JWT_TOKEN: "${token}"
  CENTRAL_API_URL: "${url}"
# In the container of the agent:
#   envFrom:
#     - secretRef:
#         name: pganalytics-collector
`;
}
