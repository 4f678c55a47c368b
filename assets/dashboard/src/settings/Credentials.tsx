// What lets programs in: a list, a dialog that makes one, the one moment in
// which it is on screen, and the way to take it back.
import { useState, type ReactNode } from 'react';
import { Failed } from '../api/Failed';
import { type ApiError } from '../api/problem';
import { Button } from '../ui/Button';
import { copy } from '../ui/copy';
import { DataTable, type DataColumn } from '../ui/DataTable';
import { Dialog } from '../ui/Dialog';
import { TextField } from '../ui/Field';
import { EmptyState, Loading } from '../ui/states';
import { RemoveDialog } from './RemoveDialog';
import { t } from './strings';

/** A credential as it is shown this once. */
export interface Made {
  name: string;
  secret: string;
}

export interface NewProps {
  onClose: () => void;
  onMade: (made: Made) => void;
}

interface CredentialWords {
  title: string;
  add: string;
  /** What could not be loaded. */
  what: string;
  none: string;
  why: string;
  made: (name: string) => string;
  secret: string;
  once: string;
  copy: string;
  remove: string;
  removeShort: string;
  removeOf: (name: string) => string;
  removeWhy: string;
  removed: (name: string) => string;
}

interface CredentialsProps<Item> {
  words: CredentialWords;
  answer: { data?: Item[] | undefined; error?: ApiError | undefined; isLoading: boolean; refetch: () => unknown };
  columns: DataColumn<Item>[];
  onRemove: (id: string) => PromiseLike<{ error?: ApiError | undefined }>;
  /** The dialog that makes one. */
  newDialog: (props: NewProps) => ReactNode;
}

type Open<Item> = { kind: 'new' } | { kind: 'made'; made: Made } | { kind: 'remove'; item: Item } | null;

export function Credentials<Item extends { id: string; name: string }>(props: CredentialsProps<Item>) {
  const { words, answer, onRemove, newDialog } = props;
  const { data, error, isLoading, refetch } = answer;
  const [open, setOpen] = useState<Open<Item>>(null);
  const close = () => setOpen(null);
  const columns = [...props.columns, removeColumn<Item>(words, (item) => setOpen({ kind: 'remove', item }))];
  return (
    <div>
      <div className="settings-section-head">
        <h2 className="grow">{words.title}</h2>
        <Button icon="plus" onClick={() => setOpen({ kind: 'new' })}>
          {words.add}
        </Button>
      </div>
      <Failed what={words.what} error={error} onRetry={refetch} />
      {(isLoading || data) && (
        <div className="card">
          {isLoading && <Loading rows={2} />}
          {data?.length === 0 && <EmptyState title={words.none}>{words.why}</EmptyState>}
          {data && data.length > 0 && <DataTable label={words.title} columns={columns} rows={data} keyOf={({ id }) => id} />}
        </div>
      )}
      {open?.kind === 'new' && newDialog({ onClose: close, onMade: (made) => setOpen({ kind: 'made', made }) })}
      {open?.kind === 'made' && <MadeDialog words={words} made={open.made} onClose={close} />}
      {open?.kind === 'remove' && (
        <RemoveDialog
          title={words.removeOf(open.item.name)}
          submit={words.remove}
          removed={words.removed(open.item.name)}
          onRemove={() => onRemove(open.item.id)}
          onClose={close}
        >
          {words.removeWhy}
        </RemoveDialog>
      )}
    </div>
  );
}

function removeColumn<Item extends { name: string }>(words: CredentialWords, onRemove: (item: Item) => void): DataColumn<Item> {
  return {
    id: 'actions',
    label: t('actions'),
    labelHidden: true,
    cell: (item) => (
      <span className="settings-actions">
        <Button look="quiet" aria-label={words.removeOf(item.name)} onClick={() => onRemove(item)}>
          {words.removeShort}
        </Button>
      </span>
    ),
  };
}

function MadeDialog({ words, made, onClose }: { words: CredentialWords; made: Made; onClose: () => void }) {
  return (
    <Dialog
      title={words.made(made.name)}
      onClose={onClose}
      actions={
        <Button icon="copy" autoFocus onClick={() => void copy(made.secret)}>
          {words.copy}
        </Button>
      }
    >
      <div className="dialog-form">
        <TextField label={words.secret} className="mono" readOnly value={made.secret} onFocus={(event) => event.target.select()} />
        <p>{words.once}</p>
      </div>
    </Dialog>
  );
}
