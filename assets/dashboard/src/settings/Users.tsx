import { useState } from 'react';
import { Failed } from '../api/Failed';
import { problemText } from '../api/problem';
import { roleLabel, ROLES } from '../api/roles';
import { useMeQuery } from '../api/session';
import type { Account, Role } from '../api/types';
import { Button } from '../ui/Button';
import { DataTable, type DataColumn } from '../ui/DataTable';
import { Select } from '../ui/Select';
import { Loading } from '../ui/states';
import { toast } from '../ui/toasts';
import { useDeleteUserMutation, useUpdateUserMutation, useUsersQuery } from './api';
import { RemoveDialog } from './RemoveDialog';
import { t } from './strings';
import { AddUserDialog, ResetPasswordDialog } from './userDialogs';

type Open = { kind: 'add' } | { kind: 'reset' | 'delete'; user: Account } | null;

export function Users() {
  const { data, error, isLoading, refetch } = useUsersQuery();
  const me = useMeQuery().data?.user;
  const [remove] = useDeleteUserMutation();
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  const columns: DataColumn<Account>[] = [
    {
      id: 'name',
      label: t('username'),
      isHeader: true,
      cell: ({ id, username }) => (
        <>
          {username} {id === me?.id && <span className="meta">({t('you')})</span>}
        </>
      ),
    },
    { id: 'role', label: t('role'), cell: (user) => (user.id === me?.id ? roleLabel(user.role) : <RoleOf user={user} />) },
    { id: 'state', label: t('state'), cell: ({ disabled }) => t(disabled ? 'disabled' : 'active') },
    {
      id: 'actions',
      label: t('actions'),
      labelHidden: true,
      cell: (user) => <UserActions user={user} self={user.id === me?.id} onOpen={setOpen} />,
    },
  ];
  return (
    <>
      <div className="settings-bar">
        <Button look="primary" icon="plus" onClick={() => setOpen({ kind: 'add' })}>
          {t('addUser')}
        </Button>
      </div>
      <Failed what={t('theUsers')} error={error} onRetry={refetch} />
      <div className="card">
        {isLoading && <Loading rows={4} />}
        {data && <DataTable label={t('users')} columns={columns} rows={data} keyOf={({ id }) => id} />}
      </div>
      {open?.kind === 'add' && <AddUserDialog onClose={close} />}
      {open?.kind === 'reset' && <ResetPasswordDialog user={open.user} onClose={close} />}
      {open?.kind === 'delete' && (
        <RemoveDialog
          title={t('deleteUserOf', { name: open.user.username })}
          submit={t('deleteUser')}
          removed={t('userDeleted', { name: open.user.username })}
          onRemove={() => remove(open.user.id)}
          onClose={close}
        >
          {t('deleteUserWhy', { name: open.user.username })}
        </RemoveDialog>
      )}
    </>
  );
}

function RoleOf({ user }: { user: Account }) {
  const [update] = useUpdateUserMutation();
  /** The keys of a select choose at once, so there is a way back. */
  const change = async (role: Role, back?: Role) => {
    const answer = await update({ id: user.id, role });
    if (answer.error) return toast(problemText(answer.error), { failure: true });
    toast(t('roleChanged', { name: user.username, role: roleLabel(role) }), {
      action: back && { label: t('undo'), run: () => void change(back) },
    });
  };
  return (
    <Select
      className="settings-role"
      options={ROLES}
      aria-label={t('roleOf', { name: user.username })}
      value={user.role}
      onChange={(event) => void change(event.target.value as Role, user.role)}
    />
  );
}

/** Nobody deletes, disables or demotes themselves: the last administrator could be lost. */
function UserActions({ user, self, onOpen }: { user: Account; self: boolean; onOpen: (open: Open) => void }) {
  const [update] = useUpdateUserMutation();
  const { username: name } = user;
  const switchOver = async () => {
    const disabled = !user.disabled;
    const answer = await update({ id: user.id, disabled });
    if (answer.error) return toast(problemText(answer.error), { failure: true });
    toast(t(disabled ? 'userDisabled' : 'userEnabled', { name }));
  };
  return (
    <span className="settings-actions">
      <Button look="quiet" aria-label={t('resetPasswordOf', { name })} onClick={() => onOpen({ kind: 'reset', user })}>
        {t('resetPassword')}
      </Button>
      {!self && (
        <>
          <Button look="quiet" aria-label={t(user.disabled ? 'enableOf' : 'disableOf', { name })} onClick={() => void switchOver()}>
            {t(user.disabled ? 'enable' : 'disable')}
          </Button>
          <Button look="quiet" aria-label={t('deleteUserOf', { name })} onClick={() => onOpen({ kind: 'delete', user })}>
            {t('deleteUser')}
          </Button>
        </>
      )}
    </span>
  );
}
