// The shapes of the API's requests and replies, as docs/openapi.json has
// them. Every other file takes them from here.
import type { Status } from '../ui/StatusWord';

export type Role = 'admin' | 'operator' | 'viewer' | 'auditor';

export interface User {
  id: string;
  username: string;
  role: Role;
}

/** A user as administrators see one. */
export interface Account extends User {
  disabled: boolean;
}

export interface Session {
  user: User;
  csrf_token: string;
  expires_at?: string;
}

export interface Problem {
  title?: string;
  status: number;
  detail: string;
  code: string;
  request_id?: string;
  errors?: FieldProblem[];
}

export interface FieldProblem {
  field: string;
  code: string;
  message: string;
}

export interface Group {
  id: string;
  name: string;
  description?: string | null;
  color: string;
  icon?: string | null;
  display_order?: number;
}

export interface NewGroup {
  name: string;
  description: string;
  color: string;
  icon: string;
  display_order: number;
}

export type CollectorType = 'postgresql' | 'mysql' | 'mongodb' | 'oracle';
export type Environment = 'development' | 'staging' | 'production';
export type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'requireCA' | 'requireFull';

export interface Collector {
  id: string;
  name: string;
  type: CollectorType;
  environment: Environment;
  group: Pick<Group, 'id' | 'name' | 'color' | 'icon'> | null;
  description: string;
  host: string;
  port: number;
  database: string;
  username: string;
  ssl_mode: SslMode;
  tags: string[];
  collection_interval: number;
  query_limit: number;
  state: string;
  status: Status;
  status_reason: string;
  last_heartbeat: string | null;
  last_error: string | null;
  error_count: number;
  success_count: number;
  success_rate: number | null;
  metrics_collected: number;
  uptime_percentage: number | null;
  cpu_usage: number | null;
  memory_usage: number | null;
  network: { sent_bytes: number; received_bytes: number } | null;
  avg_collection_time_ms: number | null;
  max_collection_time_ms: number | null;
  last_collection_at: string | null;
  last_collection_count: number | null;
  database_version: string | null;
  agent_version: string | null;
  hostname: string | null;
  config_version: number;
  applied_config_version: number | null;
  registered_by: string | null;
  registered_at: string;
  last_modified_at: string | null;
  token_expires_at: string | null;
  restart_count: number;
}

export interface CollectorPage {
  collectors: Collector[];
  page: number;
  limit: number;
  total: number;
}

export interface ConnectionToTest {
  type: CollectorType;
  host: string;
  port: number;
  database: string;
  username: string;
  password: string;
  ssl_mode: SslMode;
  ssl_certificate?: string;
}

export interface ConnectionTested {
  success: boolean;
  message: string;
  database_version: string;
  latency_ms: number;
}

export interface NewCollector extends ConnectionToTest {
  name: string;
  environment: Environment;
  group?: string;
  description?: string;
  collection_interval: number;
  query_limit: number;
  tags: string[];
  test_connection: boolean;
}

export interface RegisteredCollector {
  id: string;
  name: string;
  jwt_token: string;
  token_expires_at: string;
  /** PEM, as are the other two. The key is in this reply only. */
  certificate: string;
  private_key: string;
  ca_certificate: string;
}

export type Point = [unixMs: number, value: number | null];

export interface Series {
  name: string;
  labels: Record<string, string>;
  unit?: string | null;
  points: Point[];
}

export interface MetricsReply {
  from: string;
  to: string;
  step: number | string | null;
  series: Series[];
}

export interface AuditEntry {
  seq: number;
  id: string;
  time: string;
  actor: { id: string | null; name: string; role: string | null };
  action: string;
  target: { kind: string; id: string | null; name: string | null } | null;
  reason: string | null;
  old_values: Record<string, unknown> | null;
  new_values: Record<string, unknown> | null;
  ip_address: string | null;
  result: string;
}

export interface AuditPage {
  entries: AuditEntry[];
  next_cursor: string | null;
}

export interface ChainCheck {
  verified: boolean;
  entries: number;
  first_bad_entry?: number | null;
}

export interface LiveEvent {
  type: string;
  seq: number;
  collector_id: string | null;
  timestamp: string;
  data: Record<string, unknown> | null;
}
