import { useState } from 'react';
import { problemText, requestId } from '../api/problem';
import { useMeQuery } from '../api/session';
import type { Account, Role } from '../api/types';
import { Button } from '../ui/Button';
import { Select } from '../ui/Select';
import { Loading, LoadFailure } from '../ui/states';
import { toast } from '../ui/toasts';
import { useUpdateUserMutation, useUsersQuery } from './api';
import { t } from './strings';
import { AddUserDialog, DeleteUserDialog, ResetPasswordDialog, roleLabel, ROLES } from './userDialogs';

type Open = { kind: 'add' } | { kind: 'reset' | 'delete'; user: Account } | null;

export function Users() {
  const { data, error, isLoading, refetch } = useUsersQuery();
  const me = useMeQuery().data?.user;
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  return (
    <section aria-label={t('users')}>
      <div className="settings-bar">
        <Button look="primary" icon="plus" onClick={() => setOpen({ kind: 'add' })}>
          {t('addUser')}
        </Button>
      </div>
      {error && <LoadFailure what={t('theUsers')} why={problemText(error)} requestId={requestId(error)} onRetry={() => void refetch()} />}
      <div className="card scroll-x">
        {isLoading && <Loading rows={4} />}
        {data && (
          <table className="table" aria-label={t('users')}>
            <thead>
              <tr>
                <th scope="col">{t('username')}</th>
                <th scope="col">{t('role')}</th>
                <th scope="col">{t('state')}</th>
                <th scope="col">{t('actions')}</th>
              </tr>
            </thead>
            <tbody>
              {data.map((user) => (
                <UserRow key={user.id} user={user} self={user.id === me?.id} onOpen={setOpen} />
              ))}
            </tbody>
          </table>
        )}
      </div>
      {open?.kind === 'add' && <AddUserDialog onClose={close} />}
      {open?.kind === 'reset' && <ResetPasswordDialog user={open.user} onClose={close} />}
      {open?.kind === 'delete' && <DeleteUserDialog user={open.user} onClose={close} />}
    </section>
  );
}

/** Nobody deletes, disables or demotes themselves: the last administrator could be lost. */
function UserRow({ user, self, onOpen }: { user: Account; self: boolean; onOpen: (open: Open) => void }) {
  const [update] = useUpdateUserMutation();
  const changeRole = async (role: Role) => {
    const answer = await update({ id: user.id, role });
    if (answer.error) return toast(problemText(answer.error), { failure: true });
    toast(t('roleChanged', { name: user.username, role: roleLabel(role) }));
  };
  const switchOver = async () => {
    const disabled = !user.disabled;
    const answer = await update({ id: user.id, disabled });
    if (answer.error) return toast(problemText(answer.error), { failure: true });
    toast(t(disabled ? 'userDisabled' : 'userEnabled', { name: user.username }));
  };
  return (
    <tr>
      <th scope="row">
        {user.username} {self && <span className="meta">({t('you')})</span>}
      </th>
      <td>
        {self ? (
          roleLabel(user.role)
        ) : (
          <Select
            className="settings-role"
            options={ROLES}
            aria-label={t('roleOf', { name: user.username })}
            value={user.role}
            onChange={(event) => void changeRole(event.target.value as Role)}
          />
        )}
      </td>
      <td>{t(user.disabled ? 'disabled' : 'active')}</td>
      <td>
        <span className="settings-actions">
          <Button look="quiet" aria-label={t('resetPasswordOf', { name: user.username })} onClick={() => onOpen({ kind: 'reset', user })}>
            {t('resetPassword')}
          </Button>
          {!self && (
            <Button
              look="quiet"
              aria-label={t(user.disabled ? 'enableOf' : 'disableOf', { name: user.username })}
              onClick={() => void switchOver()}
            >
              {t(user.disabled ? 'enable' : 'disable')}
            </Button>
          )}
          {!self && (
            <Button look="quiet" aria-label={t('deleteUserOf', { name: user.username })} onClick={() => onOpen({ kind: 'delete', user })}>
              {t('deleteUser')}
            </Button>
          )}
        </span>
      </td>
    </tr>
  );
}
