import Menu from '@mui/material/Menu';
import MenuItem from '@mui/material/MenuItem';
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
  return (
    <Menu
      open
      anchorEl={target.anchor}
      onClose={onClose}
      anchorOrigin={{ vertical: 'bottom', horizontal: 'right' }}
      transformOrigin={{ vertical: 'top', horizontal: 'right' }}
      slotProps={{ list: { 'aria-label': t('actionsFor', { name: target.name }), dense: true } }}
    >
      <MenuItem
        onClick={() => {
          onClose();
          void run(target.id, target.name);
        }}
      >
        {t('testConnection')}
      </MenuItem>
    </Menu>
  );
}
