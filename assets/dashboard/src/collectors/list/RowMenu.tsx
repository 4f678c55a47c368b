import { useNavigate } from 'react-router';
import { useMay } from '../../api/session';
import type { Collector } from '../../api/types';
import { Menu, type MenuItem } from '../../ui/Menu';
import { t as words } from '../control/strings';
import { possible, useControl } from '../control/useControl';
import { t } from '../strings';
import { useConnectionTest } from '../useConnectionTest';

export interface RowMenuTarget {
  collector: Collector;
  anchor: HTMLElement;
}

/** One menu for all rows, which opens at the row whose button was pressed, and the dialogs that it leads to. */
export function RowMenu({ target, onClose }: { target: RowMenuTarget | null; onClose: () => void }) {
  const { run } = useConnectionTest();
  const control = useControl();
  const navigate = useNavigate();
  const mayAdminister = useMay('administer');
  if (!target) return control.dialog;
  const { collector, anchor } = target;
  const go = (tab: string) => () => void navigate(`/collectors/${collector.id}/${tab}`);
  const can = possible(collector);
  const test: MenuItem = { label: words('test'), onSelect: () => void run(collector.id, collector.name) };
  const logs: MenuItem = { label: words('viewLogs'), onSelect: go('logs') };
  const items: MenuItem[] = mayAdminister
    ? [
        test,
        { label: words('restart'), disabled: !can.restart, onSelect: () => control.open('restart', collector) },
        can.resume
          ? { label: words('resume'), onSelect: () => control.resume(collector) }
          : { label: words('stop'), disabled: !can.stop, onSelect: () => control.open('stop', collector) },
        { label: words('editConfig'), onSelect: go('config') },
        logs,
        { label: words('rotate'), onSelect: () => control.open('rotate', collector) },
        { label: words('unregister'), onSelect: () => control.open('unregister', collector) },
      ]
    : [test, logs];
  return (
    <>
      <Menu anchor={anchor} label={t('actionsFor', { name: collector.name })} onClose={onClose} items={items} />
      {control.dialog}
    </>
  );
}
