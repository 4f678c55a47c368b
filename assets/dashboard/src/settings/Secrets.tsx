// Secrets with which agents register themselves.
import { useForm } from 'react-hook-form';
import { showFieldProblems } from '../api/formProblems';
import { problemText } from '../api/problem';
import type { RegistrationSecret } from '../api/types';
import { formatCount } from '../lib/format';
import type { DataColumn } from '../ui/DataTable';
import { TextField } from '../ui/Field';
import { FormDialog } from '../ui/FormDialog';
import { Time } from '../ui/Time';
import { useCreateSecretMutation, useDeleteSecretMutation, useSecretsQuery } from './api';
import { Credentials, type NewProps } from './Credentials';
import { t } from './strings';

const DEFAULT_USES = '10';
const DEFAULT_DAYS = '7';

const COLUMNS: DataColumn<RegistrationSecret>[] = [
  { id: 'name', label: t('name'), isHeader: true, cell: ({ name }) => name },
  { id: 'uses', label: t('uses'), cell: ({ uses, max_uses }) => t('usesOf', { n: formatCount(uses), most: formatCount(max_uses) }) },
  { id: 'expires', label: t('expires'), cell: ({ expires_at }) => <Time value={expires_at} /> },
  { id: 'by', label: t('createdBy'), cell: ({ created_by }) => created_by },
];

export function Secrets() {
  const [remove] = useDeleteSecretMutation();
  return (
    <Credentials
      words={{
        title: t('secrets'),
        add: t('addSecret'),
        what: t('theSecrets'),
        none: t('noSecrets'),
        why: t('secretsWhy'),
        made: (name) => t('secretMade', { name }),
        secret: t('secret'),
        once: t('secretOnce'),
        copy: t('copySecret'),
        remove: t('deleteSecret'),
        removeShort: t('deleteShort'),
        removeOf: (name) => t('deleteSecretOf', { name }),
        removeWhy: t('deleteSecretWhy'),
        removed: (name) => t('secretDeleted', { name }),
      }}
      answer={useSecretsQuery()}
      columns={COLUMNS}
      onRemove={(id) => remove(id)}
      newDialog={(props) => <NewSecret {...props} />}
    />
  );
}

function NewSecret({ onClose, onMade }: NewProps) {
  const form = useForm({ mode: 'onTouched', defaultValues: { name: '', max_uses: DEFAULT_USES, expires_in_days: DEFAULT_DAYS } });
  const [create, { isLoading, error }] = useCreateSecretMutation();
  const { errors } = form.formState;
  const submit = form.handleSubmit(async ({ name, max_uses, expires_in_days }) => {
    const answer = await create({ name: name.trim(), max_uses: Number(max_uses), expires_in_days: Number(expires_in_days) });
    if (answer.data) return onMade(answer.data);
    showFieldProblems(form, answer.error);
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
