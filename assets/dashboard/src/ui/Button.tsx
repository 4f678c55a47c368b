import type { ButtonHTMLAttributes, MouseEvent, ReactNode } from 'react';
import { Link, type LinkProps } from 'react-router';
import { Icon, type IconName } from './Icon';

type Look = 'plain' | 'primary' | 'quiet' | 'danger';

const LOOK_CLASS: Record<Look, string> = {
  plain: 'button',
  primary: 'button button-primary',
  quiet: 'button button-quiet',
  danger: 'button button-danger',
};

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  icon?: IconName;
  /** Work is under way: the button stays focusable but says so. */
  busy?: boolean;
  children: ReactNode;
}

export function Button({ look = 'plain', icon, busy = false, className = '', children, onClick, ...rest }: ButtonProps) {
  const press = (event: MouseEvent<HTMLButtonElement>) => {
    event.currentTarget.focus({ preventScroll: true });
    onClick?.(event);
  };
  return (
    <button
      type="button"
      className={`${LOOK_CLASS[look]} ${className}`}
      aria-busy={busy || undefined}
      onMouseDown={holdFocus}
      onClick={press}
      {...rest}
    >
      {busy ? <span className="spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

/**
 * The button takes the focus when it is let go. A field that loses it earlier
 * says what is wrong with it, and that line moves the button away from under
 * the pointer, so that the press does nothing.
 */
function holdFocus(event: MouseEvent): void {
  event.preventDefault();
}

interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'children'> {
  icon: IconName;
  label: string;
  look?: Look;
}

export function IconButton({ icon, label, look = 'quiet', className = '', ...rest }: IconButtonProps) {
  return (
    <button type="button" className={`${LOOK_CLASS[look]} button-icon ${className}`} aria-label={label} data-tip={label} {...rest}>
      <Icon name={icon} />
    </button>
  );
}

interface ButtonLinkProps extends LinkProps {
  look?: Look;
  icon?: IconName;
}

export function ButtonLink({ look = 'plain', icon, className = '', children, ...rest }: ButtonLinkProps) {
  return (
    <Link className={`${LOOK_CLASS[look]} ${className}`} {...rest}>
      {icon && <Icon name={icon} />}
      {children}
    </Link>
  );
}
