// The shapes of the API's requests and replies. They come from the OpenAPI
// document; where that says only `string`, the words that occur stand here.
import type { Status } from '../ui/StatusWord';
import type { components } from './schema.gen';

type Schemas = components['schemas'];
type With<Shape, Narrower> = Omit<Shape, keyof Narrower> & Narrower;

export type Role = 'admin' | 'operator' | 'viewer' | 'auditor';
export type User = With<Schemas['UserBadge'], { role: Role }>;
/** A user as administrators see one. */
export type Account = With<Schemas['UserView'], { role: Role }>;
export type Session = With<Omit<Schemas['SessionView'], 'token'>, { user: User }>;
export type NewUser = With<Schemas['NewUserBody'], { role: Role }>;
export type UserChange = Schemas['UserBody'];

/** Every refusal has this form (RFC 9457). */
export interface Problem {
  status: number;
  detail: string;
  code: string;
  request_id: string;
  errors?: FieldProblem[];
}

export interface FieldProblem {
  field: string;
  code: string;
  message: string;
}

/** A package of the agent that the daemon hands out. */
export type Download = Schemas['DownloadView'];

export type Group = Schemas['GroupView'];
export type NewGroup = Schemas['GroupBody'];

export type CollectorType = 'postgresql' | 'mysql' | 'mongodb' | 'oracle';
export type Environment = 'development' | 'staging' | 'production';
export type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'requireCA' | 'requireFull';

interface CollectorWords {
  type: CollectorType;
  environment: Environment;
  ssl_mode: SslMode;
  status: Status;
  network?: Schemas['NetworkView'] | null;
}
export type Collector = With<Schemas['CollectorView'], CollectorWords>;
export type CollectorPage = With<Schemas['CollectorList'], { collectors: Collector[] }>;

export type ConnectionToTest = With<Schemas['ConnectionBody'], { type: CollectorType; ssl_mode: SslMode }>;
export type ConnectionTested = Schemas['ConnectionView'];
export type NewCollector = With<Schemas['RegisterBody'], { type: CollectorType; environment: Environment; ssl_mode: SslMode }>;
export type RegisteredCollector = Schemas['RegisteredView'];

/** What was asked of a collector, as it is accepted and as it goes on. */
export type AcceptedAction = Schemas['AcceptedView'];
export type Action = With<
  Schemas['ActionView'],
  { action: 'stop' | 'restart' | 'resume'; status: 'pending' | 'in_progress' | 'completed' | 'failed' | 'expired' | 'cancelled' }
>;
export type ConfigChange = Schemas['ConfigBody'];
export type ConfigSaved = Schemas['ConfiguredView'];
export type Farewell = Pick<Schemas['FarewellBody'], 'reason'> & Partial<Schemas['FarewellBody']>;
export type Unregistered = Schemas['UnregisteredView'];
export type RotatedToken = Schemas['RotatedView'];
export type Archived = Schemas['ArchivedView'];
export type ReturnWish = Partial<Schemas['ReturnBody']>;
export type Returned = Schemas['ReturnedView'];

export type BulkKind = 'restart' | 'stop' | 'resume' | 'unregister' | 'update-group' | 'update-tags' | 'update-config';
export type OperationState = 'scheduled' | 'running' | 'completed' | 'cancelled' | 'expired';
export type BulkWish = With<Schemas['BulkBody'], { action: BulkKind; params?: Record<string, unknown> }>;
export type BulkAccepted = With<Schemas['BulkView'], { state: OperationState }>;

interface OperationWords {
  action: BulkKind;
  state: OperationState;
  params: Record<string, unknown>;
}
export type Operation = With<Schemas['OperationView'], OperationWords>;
export type OperationResult = With<Schemas['OperationResult'], { status: Action['status'] }>;
/** With what became of each collector. */
export type OperationDetail = Operation & { results: OperationResult[] };

export type ImportRow = With<Schemas['RowView'], { status: 'success' | 'error' | 'exists' }>;
export type ImportReply = With<Schemas['ImportView'], { results: ImportRow[] }>;

export type Series = Schemas['SeriesView'];
export type MetricsReply = Schemas['PointsView'];
export type FleetMetrics = Schemas['FleetPointsView'];
export type FleetRecent = Schemas['RecentView'];
export type RecentLine = Schemas['RecentCollector'];
export type DocumentsReply = Schemas['DocumentsView'];
export type ConfigVersion = Schemas['ConfigVersionView'];
export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR';
export type LogEntry = With<Schemas['LogEntryView'], { level: LogLevel }>;
export type LogPage = With<Schemas['LogList'], { entries: LogEntry[]; levels: Partial<Record<LogLevel, number>> }>;
export type Availability = Schemas['AvailabilityView'];
export type AvailabilityDay = Schemas['DayView'];
export type Gap = With<
  Schemas['GapView'],
  { reason: 'spool_full' | 'not_written' | 'refused' | 'damaged' | 'rejected' | 'segment_damaged' | 'segment_missing' | 'other' }
>;
export type GapPage = With<Schemas['GapList'], { gaps: Gap[] }>;

/** Members of any kind, as the entry of the log has them. */
type Members = Record<string, unknown> | null;
export type AuditEntry = With<Schemas['EntryView'], { old_values?: Members; new_values?: Members }>;
export type AuditPage = With<Schemas['EntryList'], { entries: AuditEntry[] }>;
export type ChainCheck = Schemas['VerificationView'];

export type ApiToken = Schemas['ApiTokenView'];
export type NewApiToken = Schemas['ApiTokenBody'];
export type MadeApiToken = Schemas['NewApiToken'];
export type RegistrationSecret = Schemas['SecretView'];
export type NewRegistrationSecret = Schemas['SecretBody'];
export type MadeRegistrationSecret = Schemas['NewSecret'];

export type Job = Schemas['JobView'];
export type SystemState = Schemas['SystemView'];
export type MirrorState = Schemas['MirrorView'];

/** What the live stream sends; it is no part of the OpenAPI document. */
export interface LiveEvent {
  type: string;
  seq: number;
  collector_id: string | null;
  timestamp: string;
  data: Record<string, unknown> | null;
}
