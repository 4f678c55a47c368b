import { useState } from 'react';
import { useNavigate } from 'react-router';
import { roleLabel } from '../../api/roles';
import { useMay } from '../../api/session';
import type { RegisteredCollector } from '../../api/types';
import { usePageTitle } from '../../lib/hooks';
import { NoPermission } from '../../ui/states';
import { t as tokenWords } from '../token/strings';
import { TokenGuard } from '../token/TokenGuard';
import { TokenPanel } from '../token/TokenPanel';
import { RegisterForm } from './RegisterForm';
import { t } from './strings';
import './register.css';

export function RegisterPage() {
  usePageTitle(t('title'));
  const mayRegister = useMay('administer');
  const navigate = useNavigate();
  const [registered, setRegistered] = useState<RegisteredCollector | null>(null);

  if (!mayRegister) return <NoPermission page={t('title')} role={roleLabel('admin')} />;
  return (
    <div className="register">
      <div className="page-head">
        <h1>{t('title')}</h1>
      </div>
      {registered ? (
        <Registered collector={registered} />
      ) : (
        <RegisterForm onRegistered={setRegistered} onCancel={() => void navigate('/collectors')} />
      )}
    </div>
  );
}

function Registered({ collector }: { collector: RegisteredCollector }) {
  const [stored, setStored] = useState(false);
  const { id, name, jwt_token: token, token_expires_at: until, certificate, private_key, ca_certificate } = collector;
  const issued = { id, name, token, until, certificates: { certificate, private_key, ca_certificate } };
  return (
    <div className="card token-card">
      <TokenPanel
        heading={tokenWords('registered')}
        why={tokenWords('registeredWhy', { name })}
        tokens={[issued]}
        stored={stored}
        onStored={setStored}
      />
      <TokenGuard when={!stored} />
    </div>
  );
}
