// Secrets with which agents register themselves. One is shown once, when it is
// made; afterwards only how often it was used.
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { fieldProblems, problemText, requestId } from '../api/problem';
import type { RegistrationSecret } from '../api/types';
import { copyText } from '../lib/copy';
import { formatCount } from '../lib/format';
import { Button } from '../ui/Button';
import { DataTable, type DataColumn } from '../ui/DataTable';
import { Dialog } from '../ui/Dialog';
import { TextField } from '../ui/Field';
import { FormDialog } from '../ui/FormDialog';
import { EmptyState, Loading, LoadFailure } from '../ui/states';
import { Time } from '../ui/Time';
import { toast } from '../ui/toasts';
import { useCreateSecretMutation, useDeleteSecretMutation, useSecretsQuery } from './api';
import { t } from './strings';

type Open = { kind: 'add' } | { kind: 'made'; name: string; secret: string } | { kind: 'delete'; secret: RegistrationSecret } | null;

export function Secrets() {
  const { data, error, isLoading, refetch } = useSecretsQuery();
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  const columns: DataColumn<RegistrationSecret>[] = [
    { id: 'name', label: t('name'), isHeader: true, cell: ({ name }) => name },
    { id: 'uses', label: t('uses'), cell: ({ uses, max_uses }) => t('usesOf', { n: formatCount(uses), most: formatCount(max_uses) }) },
    { id: 'expires', label: t('expires'), cell: ({ expires_at }) => <Time value={expires_at} /> },
    { id: 'by', label: t('createdBy'), cell: ({ created_by }) => created_by },
    {
      id: 'actions',
      label: t('actions'),
      labelHidden: true,
      cell: (secret) => (
        <span className="settings-actions">
          <Button look="quiet" aria-label={t('deleteSecretOf', { name: secret.name })} onClick={() => setOpen({ kind: 'delete', secret })}>
            {t('deleteShort')}
          </Button>
        </span>
      ),
    },
  ];
  return (
    <div>
      <div className="settings-section-head">
        <h2 className="grow">{t('secrets')}</h2>
        <Button icon="plus" onClick={() => setOpen({ kind: 'add' })}>
          {t('addSecret')}
        </Button>
      </div>
      {error && <LoadFailure what={t('theSecrets')} why={problemText(error)} requestId={requestId(error)} onRetry={() => void refetch()} />}
      <div className="card">
        {isLoading && <Loading rows={3} />}
        {data?.length === 0 && <EmptyState title={t('noSecrets')}>{t('secretsWhy')}</EmptyState>}
        {data && data.length > 0 && <DataTable label={t('secrets')} columns={columns} rows={data} keyOf={({ id }) => id} />}
      </div>
      {open?.kind === 'add' && <AddSecretDialog onClose={close} onMade={(name, secret) => setOpen({ kind: 'made', name, secret })} />}
      {open?.kind === 'made' && <SecretDialog name={open.name} secret={open.secret} onClose={close} />}
      {open?.kind === 'delete' && <DeleteSecretDialog secret={open.secret} onClose={close} />}
    </div>
  );
}

const DEFAULT_USES = '10';
const DEFAULT_DAYS = '7';

function AddSecretDialog({ onClose, onMade }: { onClose: () => void; onMade: (name: string, secret: string) => void }) {
  const form = useForm({ mode: 'onTouched', defaultValues: { name: '', max_uses: DEFAULT_USES, expires_in_days: DEFAULT_DAYS } });
  const [create, { isLoading, error }] = useCreateSecretMutation();
  const { errors } = form.formState;
  const submit = form.handleSubmit(async ({ name, max_uses, expires_in_days }) => {
    const answer = await create({ name: name.trim(), max_uses: Number(max_uses), expires_in_days: Number(expires_in_days) });
    if (answer.data) return onMade(answer.data.name, answer.data.secret);
    for (const { field, message } of fieldProblems(answer.error)) {
      if (field === 'name' || field === 'max_uses' || field === 'expires_in_days') form.setError(field, { message });
    }
  });
  return (
    <FormDialog
      title={t('addSecret')}
      submit={t('addSecret')}
      busy={isLoading}
      problem={error && problemText(error)}
      onClose={onClose}
      onSubmit={(event) => void submit(event)}
    >
      <TextField
        label={t('name')}
        autoFocus
        autoComplete="off"
        error={errors.name?.message}
        {...form.register('name', { required: t('needName') })}
      />
      <TextField label={t('maxUses')} type="number" min={1} error={errors.max_uses?.message} {...form.register('max_uses')} />
      <TextField
        label={t('expiresInDays')}
        type="number"
        min={1}
        error={errors.expires_in_days?.message}
        {...form.register('expires_in_days')}
      />
    </FormDialog>
  );
}

function SecretDialog({ name, secret, onClose }: { name: string; secret: string; onClose: () => void }) {
  const copy = async () => {
    const copied = await copyText(secret);
    toast(t(copied ? 'secretCopied' : 'notCopied'), { failure: !copied });
  };
  return (
    <Dialog
      title={t('secretMade', { name })}
      onClose={onClose}
      actions={
        <Button icon="copy" autoFocus onClick={() => void copy()}>
          {t('copySecret')}
        </Button>
      }
    >
      <div className="dialog-form">
        <TextField label={t('secret')} className="mono" readOnly value={secret} onFocus={(event) => event.target.select()} />
        <p>{t('secretOnce')}</p>
      </div>
    </Dialog>
  );
}

function DeleteSecretDialog({ secret, onClose }: { secret: RegistrationSecret; onClose: () => void }) {
  const [remove, { isLoading, error }] = useDeleteSecretMutation();
  const submit = async () => {
    const answer = await remove(secret.id);
    if (answer.error) return;
    toast(t('secretDeleted', { name: secret.name }));
    onClose();
  };
  return (
    <FormDialog
      title={t('deleteSecretOf', { name: secret.name })}
      submit={t('deleteSecret')}
      danger
      busy={isLoading}
      problem={error && problemText(error)}
      onClose={onClose}
      onSubmit={() => void submit()}
    >
      <p>{t('deleteSecretWhy')}</p>
    </FormDialog>
  );
}
