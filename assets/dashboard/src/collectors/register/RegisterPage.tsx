import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useMay } from '../../api/session';
import type { RegisteredCollector } from '../../api/types';
import { usePageTitle } from '../../lib/hooks';
import { NoPermission } from '../../ui/states';
import { TokenPanel } from '../token/TokenPanel';
import { RegisterForm } from './RegisterForm';
import { t } from './strings';
import './register.css';

export function RegisterPage() {
  usePageTitle(t('title'));
  const mayRegister = useMay('administer');
  const navigate = useNavigate();
  const [registered, setRegistered] = useState<RegisteredCollector | null>(null);

  if (!mayRegister) return <NoPermission page={t('title')} role={t('denied')} />;
  return (
    <div className="register">
      <div className="page-head">
        <h1>{t('title')}</h1>
      </div>
      {registered ? (
        <TokenPanel collector={registered} />
      ) : (
        <RegisterForm onRegistered={setRegistered} onCancel={() => void navigate('/collectors')} />
      )}
    </div>
  );
}
