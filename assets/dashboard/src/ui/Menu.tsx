// Menus: a button that opens one, and the menu alone for a list of rows that
// share it.
import { useState } from 'react';
import { Button, IconButton } from './Button';
import type { IconName } from './Icon';
import { onDemand } from './onDemand';

export interface MenuItem {
  label: string;
  onSelect: () => void;
  /** A choice that stays visible in the menu; a `check` keeps the menu open. */
  kind?: 'check' | 'radio';
  checked?: boolean;
  /** Not possible at present; it stays in the menu, so that the others keep their places. */
  disabled?: boolean;
}

export interface MenuSurfaceProps {
  anchor: HTMLElement;
  label: string;
  heading?: string;
  items: MenuItem[];
  onClose: () => void;
}

export const Menu = onDemand<MenuSurfaceProps>(() => import('./mui/MenuSurface'));

interface MenuButtonProps {
  label: string;
  icon: IconName;
  /** Show the icon alone; the label is then the accessible name. */
  iconOnly?: boolean;
  heading?: string;
  items: MenuItem[];
}

export function MenuButton({ label, icon, iconOnly = false, ...menu }: MenuButtonProps) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const wiring = {
    'aria-haspopup': 'menu' as const,
    'aria-expanded': anchor !== null,
    onClick: (event: React.MouseEvent<HTMLElement>) => setAnchor(event.currentTarget),
  };
  return (
    <>
      {iconOnly ? (
        <IconButton icon={icon} label={label} {...wiring} />
      ) : (
        <Button icon={icon} {...wiring}>
          {label}
        </Button>
      )}
      {anchor && <Menu anchor={anchor} label={label} onClose={() => setAnchor(null)} {...menu} />}
    </>
  );
}
