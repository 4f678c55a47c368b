// The caller's own API tokens. One is shown once, when it is made.
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { fieldProblems, problemText, requestId } from '../api/problem';
import type { ApiToken, MadeApiToken } from '../api/types';
import { copyText } from '../lib/copy';
import { Button } from '../ui/Button';
import { DataTable, type DataColumn } from '../ui/DataTable';
import { Dialog } from '../ui/Dialog';
import { SelectField, TextField } from '../ui/Field';
import { FormDialog } from '../ui/FormDialog';
import { EmptyState, Loading, LoadFailure } from '../ui/states';
import { Time } from '../ui/Time';
import { toast } from '../ui/toasts';
import { useCreateTokenMutation, useRevokeTokenMutation, useTokensQuery } from './api';
import { t } from './strings';
import { roleLabel, ROLES } from './userDialogs';

type Open = { kind: 'add' } | { kind: 'made'; token: MadeApiToken } | { kind: 'revoke'; token: ApiToken } | null;

export function ApiTokens() {
  const { data, error, isLoading, refetch } = useTokensQuery();
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  const columns: DataColumn<ApiToken>[] = [
    { id: 'name', label: t('name'), isHeader: true, cell: ({ name }) => name },
    { id: 'role', label: t('tokenRole'), cell: ({ role }) => roleLabel(role) },
    { id: 'made', label: t('made'), cell: ({ created_at }) => <Time value={created_at} /> },
    { id: 'expires', label: t('expires'), cell: ({ expires_at }) => <Time value={expires_at} /> },
    {
      id: 'actions',
      label: t('actions'),
      labelHidden: true,
      cell: (token) => (
        <span className="settings-actions">
          <Button look="quiet" aria-label={t('revokeTokenOf', { name: token.name })} onClick={() => setOpen({ kind: 'revoke', token })}>
            {t('revokeShort')}
          </Button>
        </span>
      ),
    },
  ];
  return (
    <div>
      <div className="settings-section-head">
        <h2 className="grow">{t('tokens')}</h2>
        <Button icon="plus" onClick={() => setOpen({ kind: 'add' })}>
          {t('addToken')}
        </Button>
      </div>
      {error && <LoadFailure what={t('theTokens')} why={problemText(error)} requestId={requestId(error)} onRetry={() => void refetch()} />}
      <div className="card">
        {isLoading && <Loading rows={2} />}
        {data?.length === 0 && <EmptyState title={t('noTokens')}>{t('tokensWhy')}</EmptyState>}
        {data && data.length > 0 && <DataTable label={t('tokens')} columns={columns} rows={data} keyOf={({ id }) => id} />}
      </div>
      {open?.kind === 'add' && <AddTokenDialog onClose={close} onMade={(token) => setOpen({ kind: 'made', token })} />}
      {open?.kind === 'made' && <TokenDialog token={open.token} onClose={close} />}
      {open?.kind === 'revoke' && <RevokeTokenDialog token={open.token} onClose={close} />}
    </div>
  );
}

const DEFAULT_DAYS = '90';

function AddTokenDialog({ onClose, onMade }: { onClose: () => void; onMade: (token: MadeApiToken) => void }) {
  const form = useForm({ mode: 'onTouched', defaultValues: { name: '', role: 'viewer', expires_in_days: DEFAULT_DAYS } });
  const [create, { isLoading, error }] = useCreateTokenMutation();
  const { errors } = form.formState;
  const submit = form.handleSubmit(async ({ name, role, expires_in_days }) => {
    const answer = await create({ name: name.trim(), role, expires_in_days: Number(expires_in_days) });
    if (answer.data) return onMade(answer.data);
    for (const { field, message } of fieldProblems(answer.error)) {
      if (field === 'name' || field === 'role' || field === 'expires_in_days') form.setError(field, { message });
    }
  });
  return (
    <FormDialog
      title={t('addToken')}
      submit={t('addToken')}
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
      <SelectField label={t('tokenRole')} options={ROLES} {...form.register('role')} />
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

function TokenDialog({ token, onClose }: { token: MadeApiToken; onClose: () => void }) {
  const copy = async () => {
    const copied = await copyText(token.token);
    toast(t(copied ? 'tokenCopied' : 'notCopied'), { failure: !copied });
  };
  return (
    <Dialog
      title={t('tokenMade', { name: token.name })}
      onClose={onClose}
      actions={
        <Button icon="copy" autoFocus onClick={() => void copy()}>
          {t('copyToken')}
        </Button>
      }
    >
      <div className="dialog-form">
        <TextField label={t('token')} className="mono" readOnly value={token.token} onFocus={(event) => event.target.select()} />
        <p>{t('tokenOnce', { url: `${window.location.origin}/prometheus` })}</p>
      </div>
    </Dialog>
  );
}

function RevokeTokenDialog({ token, onClose }: { token: ApiToken; onClose: () => void }) {
  const [revoke, { isLoading, error }] = useRevokeTokenMutation();
  const submit = async () => {
    const answer = await revoke(token.id);
    if (answer.error) return;
    toast(t('tokenRevoked', { name: token.name }));
    onClose();
  };
  return (
    <FormDialog
      title={t('revokeTokenOf', { name: token.name })}
      submit={t('revokeToken')}
      danger
      busy={isLoading}
      problem={error && problemText(error)}
      onClose={onClose}
      onSubmit={() => void submit()}
    >
      <p>{t('revokeTokenWhy')}</p>
    </FormDialog>
  );
}
