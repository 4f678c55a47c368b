import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { useCreateGroupMutation, useDeleteGroupMutation, useGroupsQuery, useUpdateGroupMutation } from '../api/groups';
import { showFieldProblems } from '../api/formProblems';
import { Failed } from '../api/Failed';
import { problemText } from '../api/problem';
import { useMay } from '../api/session';
import type { Group } from '../api/types';
import { MISSING } from '../lib/format';
import { Button } from '../ui/Button';
import { DataTable, type DataColumn } from '../ui/DataTable';
import { TextAreaField, TextField } from '../ui/Field';
import { FormDialog } from '../ui/FormDialog';
import { Loading } from '../ui/states';
import { toast } from '../ui/toasts';
import { RemoveDialog } from './RemoveDialog';
import { t } from './strings';

type Open = { kind: 'edit'; group: Group | null } | { kind: 'delete'; group: Group } | null;

export function Groups() {
  const { data, error, isLoading, refetch } = useGroupsQuery();
  const mayEdit = useMay('operate');
  const [remove] = useDeleteGroupMutation();
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  return (
    <>
      {mayEdit && (
        <div className="settings-bar">
          <Button look="primary" icon="plus" onClick={() => setOpen({ kind: 'edit', group: null })}>
            {t('addGroup')}
          </Button>
        </div>
      )}
      <Failed what={t('theGroups')} error={error} onRetry={refetch} />
      <div className="card">
        {isLoading && <Loading rows={7} />}
        {data && <GroupTable groups={data} mayEdit={mayEdit} onOpen={setOpen} />}
      </div>
      {open?.kind === 'edit' && <GroupDialog group={open.group} next={data?.length ?? 0} onClose={close} />}
      {open?.kind === 'delete' && (
        <RemoveDialog
          title={t('deleteGroupOf', { name: open.group.name })}
          submit={t('deleteGroup')}
          removed={t('groupDeleted', { name: open.group.name })}
          onRemove={() => remove(open.group.id)}
          onClose={close}
        >
          {t('deleteGroupWhy')}
        </RemoveDialog>
      )}
    </>
  );
}

function GroupTable({ groups, mayEdit, onOpen }: { groups: Group[]; mayEdit: boolean; onOpen: (open: Open) => void }) {
  const columns: DataColumn<Group>[] = [
    { id: 'name', label: t('name'), isHeader: true, cell: (group) => <GroupName group={group} /> },
    { id: 'description', label: t('description'), cell: ({ description }) => description || MISSING },
  ];
  if (mayEdit)
    columns.push({
      id: 'actions',
      label: t('actions'),
      labelHidden: true,
      cell: (group) => (
        <span className="settings-actions">
          <Button look="quiet" aria-label={t('editGroupOf', { name: group.name })} onClick={() => onOpen({ kind: 'edit', group })}>
            {t('editGroup')}
          </Button>
          <Button look="quiet" aria-label={t('deleteGroupOf', { name: group.name })} onClick={() => onOpen({ kind: 'delete', group })}>
            {t('deleteGroup')}
          </Button>
        </span>
      ),
    });
  return <DataTable label={t('groups')} columns={columns} rows={groups} keyOf={({ id }) => id} />;
}

function GroupName({ group }: { group: Group }) {
  return (
    <span className="settings-group">
      <span className="settings-swatch" style={{ background: group.color }} aria-hidden="true" />
      {group.name}
    </span>
  );
}

const DEFAULT_COLOR = '#146EB4';
const DEFAULT_ICON = 'database';

function GroupDialog({ group, next, onClose }: { group: Group | null; next: number; onClose: () => void }) {
  const form = useForm({
    mode: 'onTouched',
    defaultValues: { name: group?.name ?? '', description: group?.description ?? '', color: (group?.color ?? DEFAULT_COLOR).toLowerCase() },
  });
  const [create, creating] = useCreateGroupMutation();
  const [update, updating] = useUpdateGroupMutation();
  const failed = creating.error ?? updating.error;
  const { errors } = form.formState;
  const submit = form.handleSubmit(async ({ name, description, color }) => {
    const written = {
      name: name.trim(),
      description: description.trim(),
      color: color.toUpperCase(),
      icon: group?.icon ?? DEFAULT_ICON,
      display_order: group?.display_order ?? next + 1,
    };
    const answer = group ? await update({ id: group.id, group: written }) : await create(written);
    if (answer.error) return void showFieldProblems(form, answer.error);
    toast(t('groupSaved', { name: written.name }));
    onClose();
  });
  return (
    <FormDialog
      title={group ? t('editGroupOf', { name: group.name }) : t('addGroup')}
      submit={t(group ? 'saveGroup' : 'addGroup')}
      busy={creating.isLoading || updating.isLoading}
      problem={failed && problemText(failed)}
      onClose={onClose}
      onSubmit={(event) => void submit(event)}
    >
      <TextField
        label={t('name')}
        autoFocus
        maxLength={100}
        error={errors.name?.message}
        {...form.register('name', { required: t('needName') })}
      />
      <TextAreaField label={t('description')} rows={2} error={errors.description?.message} {...form.register('description')} />
      <TextField label={t('color')} type="color" error={errors.color?.message} {...form.register('color')} />
    </FormDialog>
  );
}
