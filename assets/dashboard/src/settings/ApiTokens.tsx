// The caller's own API tokens.
import { useForm } from 'react-hook-form';
import { showFieldProblems } from '../api/formProblems';
import { problemText } from '../api/problem';
import { roleLabel, rolesWithin } from '../api/roles';
import { useMeQuery } from '../api/session';
import type { ApiToken } from '../api/types';
import type { DataColumn } from '../ui/DataTable';
import { SelectField, TextField } from '../ui/Field';
import { FormDialog } from '../ui/FormDialog';
import { Time } from '../ui/Time';
import { useCreateTokenMutation, useRevokeTokenMutation, useTokensQuery } from './api';
import { Credentials, type NewProps } from './Credentials';
import { t } from './strings';

const DEFAULT_DAYS = '90';

const COLUMNS: DataColumn<ApiToken>[] = [
  { id: 'name', label: t('name'), isHeader: true, cell: ({ name }) => name },
  { id: 'role', label: t('role'), cell: ({ role }) => roleLabel(role) },
  { id: 'made', label: t('made'), cell: ({ created_at }) => <Time value={created_at} /> },
  { id: 'expires', label: t('expires'), cell: ({ expires_at }) => <Time value={expires_at} /> },
];

export function ApiTokens() {
  const [revoke] = useRevokeTokenMutation();
  return (
    <Credentials
      words={{
        title: t('tokens'),
        add: t('addToken'),
        what: t('theTokens'),
        none: t('noTokens'),
        why: t('tokensWhy'),
        made: (name) => t('tokenMade', { name }),
        secret: t('token'),
        once: t('tokenOnce', { url: `${window.location.origin}/prometheus` }),
        copy: t('copyToken'),
        remove: t('revokeToken'),
        removeShort: t('revokeShort'),
        removeOf: (name) => t('revokeTokenOf', { name }),
        removeWhy: t('revokeTokenWhy'),
        removed: (name) => t('tokenRevoked', { name }),
      }}
      answer={useTokensQuery()}
      columns={COLUMNS}
      onRemove={(id) => revoke(id)}
      newDialog={(props) => <NewToken {...props} />}
    />
  );
}

function NewToken({ onClose, onMade }: NewProps) {
  const form = useForm({ mode: 'onTouched', defaultValues: { name: '', role: 'viewer', expires_in_days: DEFAULT_DAYS } });
  const [create, { isLoading, error }] = useCreateTokenMutation();
  const own = useMeQuery().data?.user.role;
  const { errors } = form.formState;
  const submit = form.handleSubmit(async ({ name, role, expires_in_days }) => {
    const answer = await create({ name: name.trim(), role, expires_in_days: Number(expires_in_days) });
    if (answer.data) return onMade({ name: answer.data.name, secret: answer.data.token });
    showFieldProblems(form, answer.error);
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
      <SelectField label={t('role')} options={rolesWithin(own)} error={errors.role?.message} {...form.register('role')} />
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
