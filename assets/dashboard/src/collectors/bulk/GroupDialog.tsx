import { useState } from 'react';
import { useDispatch } from 'react-redux';
import type { Dispatch } from '../../api/client';
import { useGroupsQuery } from '../../api/groups';
import { problemText } from '../../api/problem';
import type { Collector } from '../../api/types';
import { SelectField } from '../../ui/Field';
import { FormDialog } from '../../ui/FormDialog';
import { operationLabel } from '../operations/words';
import { changeGroup } from './changeAtOnce';
import { ProgressDialog } from './ProgressDialog';
import { t } from './strings';
import { useSaveMany } from './useSaveMany';
import { groupBack } from './wayBack';

interface GroupDialogProps {
  collectors: Collector[];
  onStarted: () => void;
  onClose: () => void;
}

export function GroupDialog({ collectors, onStarted, onClose }: GroupDialogProps) {
  const [chosen] = useState(collectors);
  const groups = useGroupsQuery().data ?? [];
  const [id, setId] = useState(() => commonGroup(chosen));
  const dispatch = useDispatch<Dispatch>();
  const many = useSaveMany(t('groupSavedMany', { n: chosen.length }), onStarted, onClose);
  const title = operationLabel({ action: 'update-group', total: chosen.length });
  if (many.operation) return <ProgressDialog title={title} id={many.operation} onRetried={many.setOperation} onClose={onClose} />;

  const submit = () => {
    const [first] = chosen;
    if (chosen.length > 1 || !first) {
      const wish = { action: 'update-group' as const, collector_ids: chosen.map((each) => each.id), params: { group_id: id || null } };
      void many.save(wish, groupBack(chosen, id || null));
      return;
    }
    void dispatch(changeGroup(first, groups.find((group) => group.id === id) ?? null));
    onStarted();
    onClose();
  };
  return (
    <FormDialog
      title={title}
      submit={t('saveGroup')}
      busy={many.isSaving}
      focusCancel
      problem={many.error && problemText(many.error)}
      onClose={onClose}
      onSubmit={submit}
    >
      <SelectField
        label={t('group')}
        value={id}
        onChange={(event) => setId(event.target.value)}
        options={[{ value: '', label: t('noGroup') }, ...groups.map((group) => ({ value: group.id, label: group.name }))]}
      />
    </FormDialog>
  );
}

/** The group that all of them have, if there is one. */
function commonGroup(collectors: Collector[]): string {
  const ids = new Set(collectors.map(({ group }) => group?.id ?? ''));
  return ids.size === 1 ? ([...ids][0] ?? '') : '';
}
