// The one moment in which a collector's token is on screen.
import { useEffect, useRef, useState } from 'react';
import type { RegisteredCollector } from '../../api/types';
import { copyText } from '../../lib/copy';
import { formatAbsolute } from '../../lib/time';
import { Button, ButtonLink } from '../../ui/Button';
import { Icon } from '../../ui/Icon';
import { LeaveGuard } from '../../ui/LeaveGuard';
import { TabPanel, Tabs } from '../../ui/Tabs';
import { toast } from '../../ui/toasts';
import { useCollectorQuery } from '../api';
import { snippets } from './snippets';
import { t } from './strings';
import './token.css';

const FIRST_HEARTBEAT_POLL_MS = 5000;

async function copy(text: string): Promise<void> {
  const copied = await copyText(text);
  toast(t(copied ? 'copied' : 'notCopied'), { failure: !copied });
}

export function TokenPanel({ collector }: { collector: RegisteredCollector }) {
  const [stored, setStored] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const { id, name, jwt_token: token, token_expires_at: until } = collector;
  return (
    <section className="token-panel" aria-labelledby="token-heading">
      <div className="card token-card">
        <h2 id="token-heading" tabIndex={-1} ref={heading}>
          {t('registered')}
        </h2>
        <p className="muted">{t('registeredWhy', { name })}</p>
        <div className="field">
          <label className="field-label" htmlFor="collector-token">
            {t('token')}
          </label>
          <div className="field-beside">
            <textarea
              id="collector-token"
              className="input mono token-text"
              readOnly
              rows={3}
              spellCheck={false}
              value={token}
              onFocus={(event) => event.target.select()}
            />
            <Button icon="copy" onClick={() => void copy(token)}>
              {t('copyToken')}
            </Button>
          </div>
        </div>
        <p className="token-once">
          <Icon name="slow" />
          <span>
            <strong>{t('once')}</strong>
            {t('onceWhy', { until: formatAbsolute(Date.parse(until)) })}
          </span>
        </p>
        <Snippets collector={collector} />
        <FirstHeartbeat id={id} />
        <div className="token-done">
          <label className="check">
            <input type="checkbox" checked={stored} onChange={(event) => setStored(event.target.checked)} />
            {t('stored')}
          </label>
          <span className="grow" />
          <ButtonLink look="primary" to={`/collectors/${id}/overview`}>
            {t('open')}
          </ButtonLink>
        </div>
      </div>
      <LeaveGuard when={!stored} title={t('leave')} stay={t('stay')} leave={t('leaveNow')}>
        {t('leaveWhy')}
      </LeaveGuard>
    </section>
  );
}

function Snippets({ collector }: { collector: RegisteredCollector }) {
  const [tab, setTab] = useState('environment');
  const all = snippets(collector, location.origin);
  const shown = all.find(({ id }) => id === tab) ?? all[0];
  if (!shown) return null;
  return (
    <div>
      <div className="snippet-head">
        <Tabs id="snippet" label={t('snippets')} tabs={all.map(({ id, label }) => ({ value: id, label }))} value={tab} onChange={setTab} />
        <Button icon="copy" onClick={() => void copy(shown.text)}>
          {t('copySnippet')}
        </Button>
      </div>
      <TabPanel id="snippet" value={tab}>
        <pre className="snippet mono" tabIndex={0}>
          {shown.text}
        </pre>
      </TabPanel>
    </div>
  );
}

/** Follows the live stream, and asks now and then in case the stream is down. */
function FirstHeartbeat({ id }: { id: string }) {
  const [received, setReceived] = useState(false);
  const { data } = useCollectorQuery(id, { pollingInterval: received ? 0 : FIRST_HEARTBEAT_POLL_MS });
  const beaten = Boolean(data?.last_heartbeat);
  useEffect(() => setReceived(beaten), [beaten]);
  return (
    <p role="status" aria-label={t('heartbeat')} className={received ? 'first-heartbeat first-heartbeat-done' : 'first-heartbeat'}>
      {received ? <Icon name="online" /> : <span className="spinner" aria-hidden="true" />}
      {t(received ? 'received' : 'waiting')}
    </p>
  );
}
