import { useState } from 'react';
import { problemText } from '../../api/problem';
import { Dialog } from '../../ui/Dialog';
import { FormDialog } from '../../ui/FormDialog';
import type { IssuedToken } from '../token/snippets';
import { t as tokenWords } from '../token/strings';
import { LeaveTokenDialog, TokenGuard } from '../token/TokenGuard';
import { TokenPanel } from '../token/TokenPanel';
import { useRotateTokenMutation } from './api';
import type { Named } from './carryOut';
import { t } from './strings';

/** Asks, rotates, and then shows the new token in the same dialog. */
export function RotateDialog({ collector, onClose }: { collector: Named; onClose: () => void }) {
  const [rotate, { isLoading, error }] = useRotateTokenMutation();
  const [issued, setIssued] = useState<IssuedToken>();
  const { id, name } = collector;
  const title = t('rotateOf', { name });
  if (issued) return <RotatedDialog title={title} issued={issued} onClose={onClose} />;
  const submit = async () => {
    const answer = await rotate(id);
    if (!answer.error) setIssued({ id, name, token: answer.data.new_jwt_token, until: answer.data.expires_at });
  };
  return (
    <FormDialog
      title={title}
      submit={t('rotate')}
      danger
      busy={isLoading}
      problem={error && problemText(error)}
      onClose={onClose}
      onSubmit={() => void submit()}
    >
      <p>{t('rotateWhy')}</p>
    </FormDialog>
  );
}

function RotatedDialog({ title, issued, onClose }: { title: string; issued: IssuedToken; onClose: () => void }) {
  const [stored, setStored] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const close = () => (stored ? onClose() : setLeaving(true));
  return (
    <>
      <Dialog title={title} width="md" onClose={close}>
        <TokenPanel
          heading={tokenWords('rotated')}
          why={tokenWords('rotatedWhy', { name: issued.name })}
          tokens={[issued]}
          stored={stored}
          onStored={setStored}
          onDone={() => stored && onClose()}
        />
      </Dialog>
      {leaving && <LeaveTokenDialog onStay={() => setLeaving(false)} onLeave={onClose} />}
      <TokenGuard when={!stored && !leaving} />
    </>
  );
}
