import { Link } from 'react-router';
import { Icon } from './Icon';

/** The way from a page up to the list that it belongs to. */
export function BackLink({ to, children }: { to: string; children: string }) {
  return (
    <Link to={to} className="back meta tall-link">
      <Icon name="chevronLeft" size={14} />
      {children}
    </Link>
  );
}
