import { useEffect, useState } from 'react';
import { flushSync } from 'react-dom';
import { formatAbsolute } from '../../lib/time';
import { t } from '../strings';

/** On paper only: which view this is, and of when. */
export function PrintHeader() {
  const [text, setText] = useState('');
  useEffect(() => {
    const note = () => flushSync(() => setText(t('printed', { address: location.href, time: formatAbsolute(Date.now()) })));
    addEventListener('beforeprint', note);
    return () => removeEventListener('beforeprint', note);
  }, []);
  return <p className="print-header">{text}</p>;
}
