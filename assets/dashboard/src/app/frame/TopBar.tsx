import { useDispatch } from 'react-redux';
import { useNavigate } from 'react-router';
import { api } from '../../api/client';
import { problemText } from '../../api/problem';
import { roleLabel } from '../../api/roles';
import { useSignOutMutation } from '../../api/session';
import type { User } from '../../api/types';
import { usePreferences } from '../../lib/hooks';
import { isDark, setPreferences } from '../../lib/preferences';
import { IconButton } from '../../ui/Button';
import { Icon } from '../../ui/Icon';
import { MenuButton } from '../../ui/Menu';
import { toast } from '../../ui/toasts';
import { t } from '../strings';
import { ConnectionStatus } from './ConnectionStatus';

interface TopBarProps {
  user: User;
  onPalette: () => void;
  onShortcuts: () => void;
}

export function TopBar({ user, onPalette, onShortcuts }: TopBarProps) {
  usePreferences();
  const dark = isDark();
  return (
    <header className="top-bar">
      <button type="button" className="top-search" aria-label={t('search')} onClick={onPalette}>
        <Icon name="search" />
        <span className="grow">{t('search')}</span>
        <span className="key top-search-keys" aria-hidden="true" />
      </button>
      <span className="grow" />
      <ConnectionStatus />
      <IconButton
        icon={dark ? 'sun' : 'moon'}
        label={t(dark ? 'toLight' : 'toDark')}
        onClick={() => setPreferences({ theme: dark ? 'light' : 'dark' })}
      />
      <AccountMenu user={user} onShortcuts={onShortcuts} />
    </header>
  );
}

function AccountMenu({ user, onShortcuts }: { user: User; onShortcuts: () => void }) {
  const navigate = useNavigate();
  const dispatch = useDispatch();
  const [signOut] = useSignOutMutation();

  const leave = async () => {
    const answer = await signOut();
    if (answer.error) return toast(problemText(answer.error), { failure: true });
    void navigate('/login', { replace: true });
    dispatch(api.util.resetApiState());
  };

  return (
    <MenuButton
      label={t('account')}
      icon="account"
      iconOnly
      heading={t('signedInAs', { name: user.username, role: roleLabel(user.role) })}
      items={[
        { label: t('preferences'), onSelect: () => void navigate('/settings/preferences') },
        { label: t('shortcuts'), onSelect: onShortcuts },
        { label: t('signOut'), onSelect: () => void leave() },
      ]}
    />
  );
}
