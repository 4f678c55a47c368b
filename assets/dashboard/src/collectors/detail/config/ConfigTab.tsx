import { useMay } from '../../../api/session';
import type { Collector } from '../../../api/types';
import { formatCount } from '../../../lib/format';
import { Button } from '../../../ui/Button';
import { Fact } from '../../../ui/Fact';
import { Icon } from '../../../ui/Icon';
import { Time } from '../../../ui/Time';
import { useControl } from '../../control/useControl';
import { t as words } from '../../strings';
import { ConfigForm } from './ConfigForm';
import { History } from './History';
import { t } from './strings';
import './config.css';

export function ConfigTab({ collector }: { collector: Collector }) {
  const mayAdminister = useMay('administer');
  return (
    <div className="config">
      {mayAdminister ? <ConfigForm key={collector.id} collector={collector} /> : <Facts collector={collector} />}
      <div className="config-side">
        <Delivery collector={collector} />
        {mayAdminister && <Token collector={collector} />}
      </div>
      <History collector={collector} />
    </div>
  );
}

/** For those who may look and not change. */
function Facts({ collector }: { collector: Collector }) {
  return (
    <section className="card section" aria-labelledby="config-facts">
      <h2 id="config-facts">{t('settings')}</h2>
      <dl className="facts">
        <Fact name={words('interval')}>{formatCount(collector.collection_interval)}</Fact>
        <Fact name={words('queryLimit')}>{formatCount(collector.query_limit)}</Fact>
        <Fact name={t('group')}>{collector.group?.name ?? t('noGroup')}</Fact>
        <Fact name={t('tags')}>{collector.tags.length > 0 ? collector.tags.join(', ') : t('none')}</Fact>
      </dl>
    </section>
  );
}

/** Whether the agent works with what is stored here. */
function Delivery({ collector }: { collector: Collector }) {
  const { config_version: version, applied_config_version: applied, config_error: refusal } = collector;
  return (
    <section className="card section" aria-labelledby="config-delivery">
      <h2 id="config-delivery">{t('delivery')}</h2>
      <dl className="facts">
        <Fact name={t('version', { version: String(version) })}>
          <DeliveryState version={version} applied={applied ?? null} refusal={refusal ?? null} />
        </Fact>
        <Fact name={t('changedBy')}>
          <Time value={collector.last_modified_at} />
        </Fact>
      </dl>
    </section>
  );
}

function DeliveryState({ version, applied, refusal }: { version: number; applied: number | null; refusal: string | null }) {
  if (refusal)
    return (
      <span className="delivery delivery-refused">
        <Icon name="error" />
        <span>{t('refused', { why: refusal })}</span>
      </span>
    );
  if (applied === version)
    return (
      <span className="delivery delivery-applied">
        <Icon name="online" />
        {t('applied')}
      </span>
    );
  return (
    <span className="delivery">
      <Icon name="pending" />
      <span>{applied === null ? t('neverApplied') : t('notApplied', { version: String(applied) })}</span>
    </span>
  );
}

function Token({ collector }: { collector: Collector }) {
  const control = useControl();
  return (
    <section className="card section" aria-labelledby="config-token">
      <h2 id="config-token">{t('token')}</h2>
      <p className="muted">{t('tokenWhy')}</p>
      <dl className="facts">
        <Fact name={t('expires')}>
          <Time value={collector.token_expires_at} />
        </Fact>
      </dl>
      <Button icon="key" onClick={() => control.open('rotate', collector)}>
        {t('rotate')}
      </Button>
      {control.dialog}
    </section>
  );
}
