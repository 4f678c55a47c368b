import { formatCount, formatMilliseconds, formatPercent } from '../../../lib/format';
import { Button } from '../../../ui/Button';
import { copy } from '../../../ui/copy';
import { Dialog } from '../../../ui/Dialog';
import type { Statement } from './statements';
import { t } from './strings';

export function StatementDialog({ statement, onClose }: { statement: Statement; onClose: () => void }) {
  const { text, hash, database } = statement;
  const figures: [string, string][] = [
    [t('calls'), formatCount(statement.calls)],
    [t('total'), formatMilliseconds(statement.totalMs)],
    [t('mean'), formatMilliseconds(statement.meanMs)],
    [t('rows'), formatCount(statement.rows)],
    [t('load'), formatPercent(statement.load)],
    [t('database'), database],
  ];
  return (
    <Dialog
      title={t('dialog')}
      width="md"
      onClose={onClose}
      actions={
        text && (
          <Button icon="copy" autoFocus onClick={() => void copy(text)}>
            {t('copy')}
          </Button>
        )
      }
    >
      <dl className="figures statement-figures">
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <section aria-label={t('text')}>
        <pre className="statement-text mono" tabIndex={0}>
          {text ?? t('noText', { hash })}
        </pre>
      </section>
      <p className="meta">
        {t('hash')} <span className="mono">{hash}</span>
      </p>
    </Dialog>
  );
}
