import { zodResolver } from '@hookform/resolvers/zod';
import { useEffect, useState } from 'react';
import { Controller, useForm } from 'react-hook-form';
import { useGroupsQuery } from '../../../api/groups';
import { showFieldProblems } from '../../../api/formProblems';
import { problemText } from '../../../api/problem';
import type { Collector } from '../../../api/types';
import { Button } from '../../../ui/Button';
import { SelectField } from '../../../ui/Field';
import { LeaveGuard } from '../../../ui/LeaveGuard';
import { Refusal } from '../../../ui/Refusal';
import { TagsField } from '../../../ui/TagsField';
import { toast } from '../../../ui/toasts';
import { CollectionFields } from '../../collection';
import { useSaveConfigMutation } from '../../control/api';
import { useKnownTags } from '../../useKnownTags';
import { changeOf, checkedOf, differences, schema, valuesOf, type Checked, type Values } from './form';
import { ReviewDialog } from './ReviewDialog';
import { t } from './strings';

export function ConfigForm({ collector }: { collector: Collector }) {
  const groups = useGroupsQuery().data ?? [];
  const form = useForm<Values, unknown, Checked>({
    resolver: zodResolver(schema),
    defaultValues: valuesOf(collector),
    mode: 'onTouched',
  });
  const knownTags = useKnownTags();
  const [save, saving] = useSaveConfigMutation();
  const [reviewed, setReviewed] = useState<Checked>();
  const [unchanged, setUnchanged] = useState(false);
  const { errors, isDirty } = form.formState;
  useStoredValues(collector, isDirty, form.reset);

  const review = form.handleSubmit((values) => {
    const differs = differences(checkedOf(collector), values, groups).length > 0;
    setUnchanged(!differs);
    saving.reset();
    if (differs) setReviewed(values);
  });
  const send = async (values: Checked) => {
    const answer = await save({ id: collector.id, change: changeOf(checkedOf(collector), values) });
    if (!answer.error) {
      form.reset({ ...values, collection_interval: String(values.collection_interval), query_limit: String(values.query_limit) });
      toast(t('saved', { name: collector.name, version: String(answer.data.config_version) }));
      return setReviewed(undefined);
    }
    // What is wrong with a field is said where the field is.
    if (showFieldProblems(form, answer.error)) setReviewed(undefined);
  };

  const discard = () => {
    form.reset(valuesOf(collector));
    saving.reset();
  };

  return (
    <>
      <form className="card section config-form" noValidate aria-labelledby="config-heading" onSubmit={(event) => void review(event)}>
        <h2 id="config-heading">{t('settings')}</h2>
        {saving.error && !reviewed && <Refusal text={problemText(saving.error)} />}
        <CollectionFields
          interval={{ ...form.register('collection_interval'), error: errors.collection_interval?.message }}
          limit={{ ...form.register('query_limit'), error: errors.query_limit?.message }}
        />
        <SelectField
          label={t('group')}
          options={[{ value: '', label: t('noGroup') }, ...groups.map(({ id, name }) => ({ value: id, label: name }))]}
          error={errors.group_id?.message}
          // The options may come after the value, which the browser would then not show.
          key={groups.length}
          {...form.register('group_id')}
        />
        <Controller
          control={form.control}
          name="tags"
          render={({ field: { value, onChange } }) => (
            <TagsField
              id="config-tags"
              plain
              label={t('tags')}
              hint={t('tagsHint')}
              options={knownTags}
              value={value}
              onChange={onChange}
              error={errors.tags?.message}
            />
          )}
        />
        <div className="config-actions">
          <p role="status" className="muted">
            {unchanged && !isDirty && t('unchanged')}
          </p>
          {isDirty && (
            <Button look="quiet" onClick={discard}>
              {t('discard')}
            </Button>
          )}
          <Button look="primary" type="submit">
            {t('review')}
          </Button>
        </div>
      </form>
      {reviewed && (
        <ReviewDialog
          differences={differences(checkedOf(collector), reviewed, groups)}
          busy={saving.isLoading}
          problem={saving.error && problemText(saving.error)}
          onSave={() => void send(reviewed)}
          onClose={() => setReviewed(undefined)}
        />
      )}
      <LeaveGuard when={isDirty} title={t('leave')} stay={t('stay')} leave={t('leaveNow')}>
        {t('leaveWhy')}
      </LeaveGuard>
    </>
  );
}

/** Follows what is stored, as long as nobody has begun to change it here. */
function useStoredValues(collector: Collector, isDirty: boolean, reset: (values: Values) => void): void {
  const { config_version: version } = collector;
  useEffect(() => {
    if (!isDirty) reset(valuesOf(collector));
    // A new version is what matters; other figures of the collector change all the time.
  }, [version]);
}
