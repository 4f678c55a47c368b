// How a bulk action goes. Closing leaves it to the daemon; a toast says how it
// ended.
import { useDispatch } from 'react-redux';
import type { Dispatch } from '../../api/client';
import { Failed } from '../../api/Failed';
import { Button, ButtonLink } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Loading } from '../../ui/states';
import { toast } from '../../ui/toasts';
import { followInBackground } from '../operations/follow';
import { useOperation } from '../operations/OperationPage';
import { Progress, Results } from '../operations/Progress';
import { t } from '../operations/strings';
import { useRetry } from '../operations/useRetry';
import { isOver, statusText } from '../operations/words';

interface ProgressDialogProps {
  title: string;
  id: string;
  /** What failed was asked for again: this is the new operation. */
  onRetried: (id: string) => void;
  onClose: () => void;
}

export function ProgressDialog({ title, id, onRetried, onClose }: ProgressDialogProps) {
  const { data, error, refetch } = useOperation(id);
  const dispatch = useDispatch<Dispatch>();
  const { canRetry, retry, isRetrying } = useRetry(data, onRetried);
  const running = data !== undefined && !isOver(data);
  const close = () => {
    onClose();
    if (!running) return;
    const said = toast(`${title}: ${statusText(data)}`, { action: { label: t('view'), to: `/operations/${id}` } });
    if (data.state === 'running') void dispatch(followInBackground(id, said));
  };
  return (
    <Dialog
      title={title}
      width="sm"
      onClose={close}
      ownClose
      actions={
        <>
          <ButtonLink look="quiet" to={`/operations/${id}`}>
            {t('view')}
          </ButtonLink>
          <span className="grow" />
          {canRetry && (
            <Button icon="refresh" busy={isRetrying} onClick={() => void retry()}>
              {t('retry')}
            </Button>
          )}
          {running && <Button onClick={close}>{t('inBackground')}</Button>}
          <Button look="primary" autoFocus onClick={close}>
            {t('close')}
          </Button>
        </>
      }
    >
      <div className="bulk-progress">
        <Failed what={t('theOperation')} error={error} onRetry={refetch} />
        {!data && !error && <Loading rows={4} />}
        {data && <Progress operation={data} />}
        {data && <Results operation={data} windowed />}
      </div>
    </Dialog>
  );
}
