import { memo } from 'react';
import { useSelector } from 'react-redux';
import { Link } from 'react-router';
import { formatPercent } from '../../lib/format';
import type { Window } from '../../lib/windowing';
import { Time } from '../../ui/Time';
import { collectorById } from '../api';
import { CollectorStatus } from '../CollectorStatus';
import { t } from '../strings';
import { address } from '../words';
import type { Row } from './view';
import './cards.css';

/** cards.css gives a card the same height. */
export const CARD_HEIGHT = 112;

export function Cards({ rows, visible, rowHeight }: { rows: Row[]; visible: Window; rowHeight: number }) {
  return (
    <ul
      className="cards"
      aria-label={t('collectors')}
      style={{ paddingTop: visible.first * rowHeight, paddingBottom: (rows.length - visible.end) * rowHeight }}
    >
      {rows.slice(visible.first, visible.end).map((row) =>
        row.kind === 'group' ? (
          <li key={row.key} className="card-group">
            {row.label} <span className="meta">{row.count}</span>
          </li>
        ) : (
          <CollectorCard key={row.key} id={row.key} />
        ),
      )}
    </ul>
  );
}

const CollectorCard = memo(function CollectorCard({ id }: { id: string }) {
  const collector = useSelector((state: Parameters<typeof collectorById>[0]) => collectorById(state, id));
  if (!collector) return null;
  return (
    <li className="collector-card">
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
