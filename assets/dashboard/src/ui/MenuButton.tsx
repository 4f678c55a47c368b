import Menu from '@mui/material/Menu';
import { useId, useState, type ReactNode } from 'react';
import { Button, IconButton } from './Button';
import type { IconName } from './Icon';

interface MenuButtonProps {
  label: string;
  icon?: IconName;
  /** Show the icon alone; the label is then the accessible name. */
  iconOnly?: boolean;
  /** Called with a function that closes the menu. */
  children: (close: () => void) => ReactNode;
}

export function MenuButton({ label, icon, iconOnly = false, children }: MenuButtonProps) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const id = useId();
  const wiring = {
    id,
    'aria-haspopup': 'menu' as const,
    'aria-expanded': anchor !== null,
    onClick: (event: React.MouseEvent<HTMLElement>) => setAnchor(event.currentTarget),
  };
  const close = () => setAnchor(null);
  return (
    <>
      {iconOnly && icon ? (
        <IconButton icon={icon} label={label} {...wiring} />
      ) : (
        <Button {...(icon ? { icon } : {})} {...wiring}>
          {label}
        </Button>
      )}
      <Menu
        open={anchor !== null}
        anchorEl={anchor}
        onClose={close}
        anchorOrigin={{ vertical: 'bottom', horizontal: 'right' }}
        transformOrigin={{ vertical: 'top', horizontal: 'right' }}
        slotProps={{ list: { 'aria-labelledby': id, dense: true } }}
      >
        {children(close)}
      </Menu>
    </>
  );
}
