import { memo } from 'react';
import { useSelector } from 'react-redux';
import { Link } from 'react-router';
import { formatPercent } from '../../lib/format';
import { WHOLE_LIST_ROWS, type Window } from '../../lib/windowing';
import { Icon } from '../../ui/Icon';
import { SelectBox } from '../../ui/SelectBox';
import { Time } from '../../ui/Time';
import { collectorById } from '../api';
import { CollectorStatus } from '../CollectorStatus';
import { t } from '../strings';
import { address } from '../words';
import type { RowMenuTarget } from './RowMenu';
import type { Selection } from './useSelection';
import type { Row } from './view';
import './cards.css';

/** cards.css gives a card the same height. */
export const CARD_HEIGHT = 112;

interface CardsProps {
  rows: Row[];
  visible: Window;
  rowHeight: number;
  selection: Selection | null;
  onMenu: ((target: RowMenuTarget) => void) | undefined;
}

export function Cards({ rows, visible, rowHeight, selection, onMenu }: CardsProps) {
  return (
    <ul
      className={rows.length > WHOLE_LIST_ROWS ? 'cards' : 'cards cards-whole'}
      aria-label={t('collectors')}
      style={{ paddingTop: visible.first * rowHeight, paddingBottom: (rows.length - visible.end) * rowHeight }}
    >
      {rows.slice(visible.first, visible.end).map((row) =>
        row.kind === 'group' ? (
          <li key={row.key} className="card-group">
            {row.label} <span className="meta">{row.count}</span>
          </li>
        ) : (
          <CollectorCard
            key={row.key}
            id={row.key}
            selected={selection?.ids.has(row.key) ?? false}
            onToggle={selection?.toggle}
            onMenu={onMenu}
          />
        ),
      )}
    </ul>
  );
}

interface CollectorCardProps {
  id: string;
  selected: boolean;
  onToggle: ((id: string) => void) | undefined;
  onMenu: ((target: RowMenuTarget) => void) | undefined;
}

const CollectorCard = memo(function CollectorCard({ id, selected, onToggle, onMenu }: CollectorCardProps) {
  const collector = useSelector((state: Parameters<typeof collectorById>[0]) => collectorById(state, id));
  if (!collector) return null;
  return (
    <li className={selected ? 'collector-card selected' : 'collector-card'}>
      {onToggle && (
        <span className="card-select">
          <SelectBox label={t('selectOne', { name: collector.name })} checked={selected} onChange={() => onToggle(id)} />
        </span>
      )}
      {onMenu && (
        <button
          type="button"
          className="button button-quiet button-icon row-actions card-actions"
          aria-label={t('actionsFor', { name: collector.name })}
          aria-haspopup="menu"
          onClick={(event) => onMenu({ collector, anchor: event.currentTarget })}
        >
          <Icon name="dots" />
        </button>
      )}
      <Link to={`/collectors/${id}/overview`} data-row={id} className="card-link tall-link">
        {collector.name}
      </Link>
      <span className="host mono">{address(collector)}</span>
      <CollectorStatus collector={collector} quietWhenOnline />
      <span className="card-figures meta">
        <Time value={collector.last_heartbeat} />
        <span>
          {t('cpu')} {formatPercent(collector.cpu_usage, 0)}
        </span>
        <span>
          {t('memory')} {formatPercent(collector.memory_usage, 0)}
        </span>
      </span>
    </li>
  );
});
