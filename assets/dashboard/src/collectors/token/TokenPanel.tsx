// The one moment in which tokens are on screen: after registering, rotating
// and re-registering.
import { useEffect, useId, useRef } from 'react';
import { formatAbsolute } from '../../lib/time';
import { Button, ButtonLink } from '../../ui/Button';
import { copy } from '../../ui/copy';
import { Icon } from '../../ui/Icon';
import { FirstHeartbeat } from './FirstHeartbeat';
import { Snippets } from './Snippets';
import type { IssuedToken } from './snippets';
import { t } from './strings';
import './token.css';

interface TokenPanelProps {
  heading: string;
  why: string;
  tokens: IssuedToken[];
  /** Whether somebody has said that the tokens are stored. */
  stored: boolean;
  onStored: (stored: boolean) => void;
  /** The way on was taken. */
  onDone?: () => void;
}

export function TokenPanel({ heading, why, tokens, stored, onStored, onDone }: TokenPanelProps) {
  const id = useId();
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  const alone = tokens.length === 1 ? tokens[0] : undefined;
  return (
    <section className="token-panel" aria-labelledby={id}>
      <h2 id={id} tabIndex={-1} ref={title}>
        {heading}
      </h2>
      <p className="muted">{why}</p>
      {tokens.map((issued) => (
        <TokenField
          key={issued.id}
          issued={issued}
          label={alone ? t('token') : t('tokenFor', { name: issued.name })}
          alone={alone !== undefined}
        />
      ))}
      <p className="token-once">
        <Icon name="slow" />
        <span>
          <strong>{t('once')}</strong>
          {t('onceWhy')}
          {alone?.until && ` ${t('validUntil', { until: formatAbsolute(Date.parse(alone.until)) })}`}
        </span>
      </p>
      {alone && <Snippets issued={alone} />}
      {alone && <FirstHeartbeat id={alone.id} isNew={alone.certificates !== undefined} />}
      <div className="token-done">
        <label className="check">
          <input type="checkbox" checked={stored} onChange={(event) => onStored(event.target.checked)} />
          {t('stored')}
        </label>
        <span className="grow" />
        <ButtonLink look="primary" to={alone ? `/collectors/${alone.id}/overview` : '/collectors'} {...(onDone ? { onClick: onDone } : {})}>
          {t(alone ? 'open' : 'openAll')}
        </ButtonLink>
      </div>
    </section>
  );
}

function TokenField({ issued, label, alone }: { issued: IssuedToken; label: string; alone: boolean }) {
  const id = useId();
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      <div className="field-beside">
        <textarea
          id={id}
          className="input mono token-text"
          readOnly
          rows={3}
          spellCheck={false}
          value={issued.token}
          onFocus={(event) => event.target.select()}
        />
        <Button
          icon="copy"
          aria-label={alone ? undefined : t('copyTokenFor', { name: issued.name })}
          onClick={() => void copy(issued.token)}
        >
          {t('copyToken')}
        </Button>
      </div>
    </div>
  );
}
