import { preferences } from '../../lib/preferences';
import { Dialog } from '../../ui/Dialog';
import type { Page } from '../pages';
import { t } from '../strings';

export function ShortcutsDialog({ pages, onClose }: { pages: Page[]; onClose: () => void }) {
  const rows: [string, string][] = [
    ['Ctrl K', t('keyPalette')],
    ['/', t('keySearch')],
    ['j k', t('keyNextRow')],
    ['Enter', t('keyOpen')],
    ['x', t('keySelect')],
    ['.', t('keyActions')],
    ['t', t('keyTimes')],
    ['?', t('keyHelp')],
    ...pages.map((page): [string, string] => [page.keys, t('keyGo', { page: page.label })]),
  ];
  return (
    <Dialog title={t('shortcuts')} onClose={onClose} width="xs">
      <dl className="shortcut-list">
        {rows.map(([keys, meaning]) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key} className="key">
                  {key}
                </kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      {!preferences().singleKeys && <p className="muted">{t('keysOff')}</p>}
    </Dialog>
  );
}
