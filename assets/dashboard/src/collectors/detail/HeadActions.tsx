import { useNavigate } from 'react-router';
import { useMay } from '../../api/session';
import type { Collector } from '../../api/types';
import { Button } from '../../ui/Button';
import { t as words } from '../control/strings';
import { possible, useControl } from '../control/useControl';
import { useConnectionTest } from '../useConnectionTest';
import { useResuming } from '../underWay';

/** What may be done to the collector of this page. */
export function HeadActions({ collector }: { collector: Collector }) {
  const mayOperate = useMay('operate');
  const mayAdminister = useMay('administer');
  const navigate = useNavigate();
  const { run, isTesting } = useConnectionTest();
  const control = useControl(() => void navigate('/collectors'));
  const resuming = useResuming(collector.id);
  const can = possible(collector);
  return (
    <div className="head-actions">
      {mayOperate && (
        <Button icon="plugTest" busy={isTesting} onClick={() => void run(collector.id, collector.name)}>
          {words('test')}
        </Button>
      )}
      {mayAdminister && (
        <>
          <Button icon="refresh" disabled={!can.restart} onClick={() => control.open('restart', collector)}>
            {words('restart')}
          </Button>
          {can.resume ? (
            <Button icon="play" busy={resuming} disabled={resuming} onClick={() => control.resume(collector)}>
              {words('resume')}
            </Button>
          ) : (
            <Button icon="stopped" disabled={!can.stop} onClick={() => control.open('stop', collector)}>
              {words('stop')}
            </Button>
          )}
          <Button icon="archive" onClick={() => control.open('unregister', collector)}>
            {words('unregister')}
          </Button>
        </>
      )}
      {control.dialog}
    </div>
  );
}
