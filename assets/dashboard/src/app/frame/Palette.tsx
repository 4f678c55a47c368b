// Ctrl K: pages, collectors and commands by name.
import { useId, useMemo, useState, type KeyboardEvent } from 'react';
import { useNavigate } from 'react-router';
import { useMay } from '../../api/session';
import { useCollectorsQuery } from '../../collectors/api';
import { isDark, preferences, setPreferences } from '../../lib/preferences';
import { Dialog } from '../../ui/Dialog';
import { Icon, type IconName } from '../../ui/Icon';
import type { Page } from '../pages';
import { t } from '../strings';

const MOST_SHOWN = 12;

interface Entry {
  id: string;
  label: string;
  detail: string;
  icon: IconName;
  run: () => void;
}

interface PaletteProps {
  pages: Page[];
  onClose: () => void;
  onShortcuts: () => void;
}

export function Palette({ pages, onClose, onShortcuts }: PaletteProps) {
  const [text, setText] = useState('');
  const [active, setActive] = useState(0);
  const listId = useId();
  const entries = useEntries(pages, onShortcuts);
  const found = useMemo(() => matching(entries, text), [entries, text]);
  const current = Math.min(active, found.length - 1);

  const run = (entry: Entry | undefined) => {
    if (!entry) return;
    onClose();
    entry.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (event.key === 'Enter') {
      // The focus goes back to a button at once, which must not take this key.
      event.preventDefault();
      run(found[current]);
    }
    if (step === 0 || found.length === 0) return;
    event.preventDefault();
    setActive((current + step + found.length) % found.length);
  };

  return (
    <Dialog title={t('palette')} onClose={onClose}>
      <input
        className="input"
        role="combobox"
        aria-label={t('command')}
        aria-expanded={found.length > 0}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={found.length > 0 ? `${listId}-${current}` : undefined}
        placeholder={t('paletteHint')}
        autoFocus
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul className="palette-list" role="listbox" id={listId} aria-label={t('commands')} hidden={found.length === 0}>
        {found.map((entry, index) => (
          <li
            key={entry.id}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === current}
            onPointerMove={() => setActive(index)}
            onClick={() => run(entry)}
          >
            <Icon name={entry.icon} />
            <span className="grow">{entry.label}</span>
            <span className="meta">{entry.detail}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="palette-none">{t('noCommand')}</p>}
    </Dialog>
  );
}

function matching(entries: Entry[], text: string): Entry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const rank = (entry: Entry) => (entry.label.toLowerCase().startsWith(words[0] ?? '') ? 0 : 1);
  return entries
    .filter((entry) => words.every((word) => entry.label.toLowerCase().includes(word)))
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, MOST_SHOWN);
}

function useEntries(pages: Page[], onShortcuts: () => void): Entry[] {
  const navigate = useNavigate();
  const mayRegister = useMay('administer');
  const fleet = useCollectorsQuery().data;
  return useMemo(() => {
    const go = (path: string) => () => void navigate(path);
    const dark = isDark();
    const absolute = preferences().timeFormat === 'absolute';
    const command = (id: string, label: string, icon: IconName, run: () => void): Entry => ({
      id,
      label,
      detail: t('commandKind'),
      icon,
      run,
    });
    return [
      ...pages.map((page): Entry => ({ id: page.path, label: page.label, detail: t('goTo'), icon: page.icon, run: go(page.path) })),
      ...(mayRegister
        ? [
            command('register', t('register'), 'plus', go('/collectors/register')),
            command('import', t('import'), 'upload', go('/collectors/import')),
          ]
        : []),
      command('archived', t('archived'), 'archive', go('/collectors/archived')),
      command('operations', t('operations'), 'operations', go('/operations')),
      command('theme', t(dark ? 'toLight' : 'toDark'), dark ? 'sun' : 'moon', () => setPreferences({ theme: dark ? 'light' : 'dark' })),
      command('times', t('toggleTimes'), 'clock', () => setPreferences({ timeFormat: absolute ? 'relative' : 'absolute' })),
      command('shortcuts', t('shortcuts'), 'keyboard', onShortcuts),
      ...Object.values(fleet?.entities ?? {}).map((collector): Entry => ({
        id: collector.id,
        label: collector.name,
        detail: t('collectorKind'),
        icon: 'collectors',
        run: go(`/collectors/${collector.id}/overview`),
      })),
    ];
  }, [pages, onShortcuts, navigate, mayRegister, fleet]);
}
