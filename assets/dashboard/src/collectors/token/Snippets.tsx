import { useState } from 'react';
import { Button } from '../../ui/Button';
import { copy } from '../../ui/copy';
import { TabPanel, Tabs } from '../../ui/Tabs';
import { useCollectorQuery, useDownloadsQuery } from '../api';
import { snippets, type IssuedToken } from './snippets';
import { t } from './strings';

export function Snippets({ issued }: { issued: IssuedToken }) {
  const [tab, setTab] = useState('environment');
  // Without these the snippets are the same, but for the installation and for what is watched.
  const { data: packages } = useDownloadsQuery();
  const { data: watched } = useCollectorQuery(issued.id);
  const all = snippets(issued, location.origin, packages, watched);
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
