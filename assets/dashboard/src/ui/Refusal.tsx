import { useEffect, useRef, type ReactNode } from 'react';
import { messages } from '../lib/messages';

const t = messages({ problem: 'There is a problem' });

/** Why the server refused; it takes the focus, so that it is not missed in a long form. */
export function Refusal({ text, children }: { text: string; children?: ReactNode }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.focus(), [text]);
  return (
    <div ref={place} role="alert" tabIndex={-1} className="problem-summary" aria-label={t('problem')}>
      <p>
        <strong>{t('problem')}</strong>
      </p>
      {children ?? <p>{text}</p>}
    </div>
  );
}
