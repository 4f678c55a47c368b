import { useForm } from 'react-hook-form';
import { showFieldProblems } from '../../api/formProblems';
import { problemText } from '../../api/problem';
import type { Archived } from '../../api/types';
import { TextField } from '../../ui/Field';
import { FormDialog } from '../../ui/FormDialog';
import { RadioGroup } from '../../ui/RadioGroup';
import { toast } from '../../ui/toasts';
import type { IssuedToken } from '../token/snippets';
import { useReRegisterMutation } from './api';
import { t } from './strings';

/** What has to be typed before archived metrics are thrown away; the API asks for the same word. */
const DISCARD = 'discard';
const NAMES_SHOWN = 5;

interface ReRegisterDialogProps {
  archived: Archived[];
  onClose: () => void;
  /** With the tokens that were made, which are on screen this once. */
  onReturned: (tokens: IssuedToken[]) => void;
}

export function ReRegisterDialog({ archived, onClose, onReturned }: ReRegisterDialogProps) {
  const form = useForm({ defaultValues: { token: 'new', metrics: 'restore', confirm: '' } });
  const [reRegister, { isLoading, error }] = useReRegisterMutation();
  const fresh = form.watch('metrics') === 'fresh';
  const nameOf = (id: string) => archived.find((each) => each.id === id)?.name ?? id;

  const submit = form.handleSubmit(async ({ token, metrics, confirm }) => {
    const answer = await reRegister({
      collector_ids: archived.map(({ id }) => id),
      generate_new_token: token === 'new',
      restore_metrics: metrics === 'restore',
      ...(fresh ? { confirm } : {}),
    });
    if (answer.error) return void showFieldProblems(form, answer.error);
    const { results } = answer.data;
    for (const { collector_id: id, success, error: why } of results) {
      if (!success) toast(t('notReturned', { name: nameOf(id), why: why ?? '' }), { failure: true });
    }
    const back = results.filter(({ success }) => success);
    const first = back[0];
    if (first)
      toast(t('returned', { n: back.length }), {
        // With new tokens the page that shows them leads there.
        action:
          token === 'old' && back.length === 1
            ? { label: t('openCollector'), to: `/collectors/${first.collector_id}/overview` }
            : undefined,
      });
    onReturned(back.flatMap(({ collector_id: id, jwt_token: issued }) => (issued ? [{ id, name: nameOf(id), token: issued }] : [])));
  });

  const names = archived.slice(0, NAMES_SHOWN).map(({ name }) => name);
  if (archived.length > NAMES_SHOWN) names.push('…');
  return (
    <FormDialog
      title={archived.length === 1 ? t('reRegisterOne') : t('reRegisterMany', { n: archived.length })}
      submit={t('reRegister')}
      width="sm"
      danger={fresh}
      focusCancel
      locked={fresh && form.watch('confirm') !== DISCARD}
      busy={isLoading}
      problem={error && problemText(error)}
      onClose={onClose}
      onSubmit={(event) => void submit(event)}
    >
      <p>{t('why', { names: names.join(', ') })}</p>
      <RadioGroup
        label={t('token')}
        options={[
          { value: 'new', label: t('newToken'), hint: t('newTokenHint') },
          { value: 'old', label: t('oldToken'), hint: t('oldTokenHint') },
        ]}
        {...form.register('token')}
      />
      <RadioGroup
        label={t('archivedMetrics')}
        options={[
          { value: 'restore', label: t('restore'), hint: t('restoreHint') },
          { value: 'fresh', label: t('fresh'), hint: t('freshHint') },
        ]}
        {...form.register('metrics')}
      />
      {fresh && (
        <TextField
          label={t('typeToConfirm', { text: DISCARD })}
          autoComplete="off"
          spellCheck={false}
          error={form.formState.errors.confirm?.message}
          {...form.register('confirm')}
        />
      )}
    </FormDialog>
  );
}
