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

/** Every refusal has this form (RFC 9457), so the document does not repeat it. */
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

export type Series = Schemas['SeriesView'];
export type MetricsReply = Schemas['PointsView'];

/** Members of any kind, as the entry of the log has them. */
type Members = Record<string, unknown> | null;
export type AuditEntry = With<Schemas['EntryView'], { old_values?: Members; new_values?: Members }>;
export type AuditPage = With<Schemas['EntryList'], { entries: AuditEntry[] }>;
export type ChainCheck = Schemas['VerificationView'];

export type Job = Schemas['JobView'];
export type SystemState = Schemas['SystemView'];

/** What the live stream sends; it is no part of the OpenAPI document. */
export interface LiveEvent {
  type: string;
  seq: number;
  collector_id: string | null;
  timestamp: string;
  data: Record<string, unknown> | null;
}

export type BulkKind = 'restart' | 'stop' | 'resume' | 'unregister' | 'update-group' | 'update-tags' | 'update-config';
export type OperationState = 'scheduled' | 'running' | 'completed' | 'cancelled' | 'expired';
export type OperationResultStatus = Action['status'];

export interface BulkWish {
  action: BulkKind;
  collector_ids: string[];
  reason?: string;
  params?: Record<string, unknown>;
  schedule_at?: string;
  confirm?: string;
}

export interface BulkAccepted {
  operation_id: string;
  state: OperationState;
  total: number;
  succeeded: number;
  failed: number;
}

export interface OperationResult {
  collector_id: string;
  name: string | null;
  status: OperationResultStatus;
  error: string | null;
}

export interface Operation {
  id: string;
  action: BulkKind;
  params: Record<string, unknown>;
  reason: string | null;
  started_by: string;
  created_at: string;
  schedule_at: string | null;
  started_at: string | null;
  completed_at: string | null;
  state: OperationState;
  error_message: string | null;
  total: number;
  done: number;
  failed: number;
  cancelled: number;
  can_cancel: boolean;
}

export interface OperationDetail extends Operation {
  results: OperationResult[];
}
