import { useNavigate, useParams } from 'react-router';
import { roleLabel } from '../api/roles';
import { useMay } from '../api/session';
import { usePageTitle } from '../lib/hooks';
import { NoPermission } from '../ui/states';
import { TabPanel, Tabs } from '../ui/Tabs';
import { ApiTokens } from './ApiTokens';
import { ChangePassword } from './ChangePassword';
import { Groups } from './Groups';
import { PreferencesForm } from './PreferencesForm';
import { t } from './strings';
import { System } from './System';
import { Users } from './Users';
import './settings.css';

const ADMIN_TABS = ['users', 'system'];

export function SettingsPage() {
  usePageTitle(t('title'));
  const params = useParams();
  const navigate = useNavigate();
  const administers = useMay('administer');
  const tabs = [
    { value: 'preferences', label: t('preferences') },
    ...(administers ? [{ value: 'users', label: t('users') }] : []),
    { value: 'groups', label: t('groups') },
    ...(administers ? [{ value: 'system', label: t('system') }] : []),
  ];
  const mayNot = !administers && ADMIN_TABS.includes(params.tab ?? '');
  if (mayNot) return <NoPermission page={t('title')} role={roleLabel('admin')} />;
  const tab = tabs.some(({ value }) => value === params.tab) ? (params.tab as string) : 'preferences';
  return (
    <>
      <div className="page-head settings-head">
        <h1>{t('title')}</h1>
      </div>
      <div className="settings-tabs">
        <Tabs id="settings" label={t('sections')} tabs={tabs} value={tab} onChange={(next) => void navigate(`/settings/${next}`)} />
      </div>
      <TabPanel id="settings" value={tab}>
        {tab === 'preferences' && (
          <div className="settings-stack">
            <div className="settings-columns">
              <PreferencesForm />
              <ChangePassword />
            </div>
            <ApiTokens />
          </div>
        )}
        {tab === 'users' && <Users />}
        {tab === 'groups' && <Groups />}
        {tab === 'system' && <System />}
      </TabPanel>
    </>
  );
}
