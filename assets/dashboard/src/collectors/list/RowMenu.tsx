import { Menu } from '../../ui/Menu';
import { t } from '../strings';
import { useConnectionTest } from '../useConnectionTest';

export interface RowMenuTarget {
  id: string;
  name: string;
  anchor: HTMLElement;
}

/** One menu for all rows; it opens at the row whose button was pressed. */
export function RowMenu({ target, onClose }: { target: RowMenuTarget | null; onClose: () => void }) {
  const { run } = useConnectionTest();
  if (!target) return null;
  const { id, name, anchor } = target;
  return (
    <Menu
      anchor={anchor}
      label={t('actionsFor', { name })}
      onClose={onClose}
      items={[{ label: t('testConnection'), onSelect: () => void run(id, name) }]}
    />
  );
}
