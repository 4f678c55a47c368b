import Menu from '@mui/material/Menu';
import MuiMenuItem from '@mui/material/MenuItem';
import { Icon } from '../Icon';
import type { MenuSurfaceProps } from '../Menu';
import { Themed } from './Themed';

export default function MenuSurface({ anchor, label, heading, items, onClose }: MenuSurfaceProps) {
  return (
    <Themed>
      <Menu
        open
        anchorEl={anchor}
        onClose={onClose}
        anchorOrigin={{ vertical: 'bottom', horizontal: 'right' }}
        transformOrigin={{ vertical: 'top', horizontal: 'right' }}
        slotProps={{ list: { 'aria-label': label, dense: true }, paper: { role: 'region', 'aria-label': label } }}
      >
        {heading && (
          <li role="presentation" className="menu-heading">
            {heading}
          </li>
        )}
        {items.map((item) => (
          <MuiMenuItem
            key={item.label}
            role={item.kind === 'check' ? 'menuitemcheckbox' : item.kind === 'radio' ? 'menuitemradio' : 'menuitem'}
            aria-checked={item.kind ? (item.checked ?? false) : undefined}
            disabled={item.disabled ?? false}
            onClick={() => {
              if (item.kind !== 'check') onClose();
              item.onSelect();
            }}
          >
            {item.kind && <span className="menu-mark">{item.checked && <Icon name="check" />}</span>}
            {item.label}
          </MuiMenuItem>
        ))}
      </Menu>
    </Themed>
  );
}
