import { useState } from 'react';
import { useDispatch } from 'react-redux';
import type { Dispatch } from '../../api/client';
import { problemText } from '../../api/problem';
import type { Collector } from '../../api/types';
import { FormDialog } from '../../ui/FormDialog';
import { TagsField } from '../../ui/TagsField';
import { operationLabel } from '../operations/words';
import { tagsOf, useKnownTags } from '../useKnownTags';
import { changeTags } from './changeAtOnce';
import { ProgressDialog } from './ProgressDialog';
import { t } from './strings';
import { useSaveMany } from './useSaveMany';
import { tagsBack } from './wayBack';

interface TagsDialogProps {
  collectors: Collector[];
  onStarted: () => void;
  onClose: () => void;
}

export function TagsDialog({ collectors, onStarted, onClose }: TagsDialogProps) {
  const [chosen] = useState(collectors);
  const [add, setAdd] = useState<string[]>([]);
  const [remove, setRemove] = useState<string[]>([]);
  const [fault, setFault] = useState<string>();
  const dispatch = useDispatch<Dispatch>();
  const many = useSaveMany(t('tagsSavedMany', { n: chosen.length }), onStarted, onClose);
  const known = useKnownTags();
  const title = operationLabel({ action: 'update-tags', total: chosen.length });
  if (many.operation) return <ProgressDialog title={title} id={many.operation} onRetried={many.setOperation} onClose={onClose} />;

  const submit = () => {
    const both = add.find((tag) => remove.includes(tag));
    if (both || add.length + remove.length === 0) {
      setFault(both ? t('sameTag', { tag: both }) : t('needTags'));
      return document.getElementById('bulk-add')?.focus();
    }
    const [first] = chosen;
    if (chosen.length > 1 || !first) {
      const wish = { action: 'update-tags' as const, collector_ids: chosen.map(({ id }) => id), params: { add, remove } };
      void many.save(wish, tagsBack(chosen, add, remove));
      return;
    }
    const tags = [...new Set([...first.tags.filter((tag) => !remove.includes(tag)), ...add])];
    void dispatch(changeTags(first, tags));
    onStarted();
    onClose();
  };
  return (
    <FormDialog
      title={title}
      submit={t('saveTags')}
      busy={many.isSaving}
      focusCancel
      problem={many.error && problemText(many.error)}
      onClose={onClose}
      onSubmit={submit}
    >
      <TagsField id="bulk-add" label={t('addTags')} hint={t('addHint')} options={known} value={add} onChange={setAdd} error={fault} />
      <TagsField
        id="bulk-remove"
        label={t('removeTags')}
        hint={t('removeHint')}
        options={tagsOf(chosen)}
        value={remove}
        onChange={setRemove}
      />
    </FormDialog>
  );
}
