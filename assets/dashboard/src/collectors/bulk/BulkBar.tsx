// What can be done to all the chosen collectors at once.
import { useState } from 'react';
import type { Collector } from '../../api/types';
import { Button } from '../../ui/Button';
import { onDemand } from '../../ui/onDemand';
import { t as words } from '../control/strings';
import type { Selection } from '../list/useSelection';
import type { BulkDialogProps } from './BulkDialog';
import { t } from './strings';
import './bulk.css';

const BulkDialog = onDemand<BulkDialogProps>(() => import('./BulkDialog'));

type Kind = BulkDialogProps['kind'];

interface BulkBarProps {
  selection: Selection;
  /** The collectors that the filters show. */
  members: Collector[];
  onOpen: (kind: Kind, collectors: Collector[]) => void;
}

export function BulkBar({ selection, members, onOpen }: BulkBarProps) {
  const { chosen } = selection;
  const shown = members.filter(({ id }) => selection.ids.has(id)).length;
  const open = (kind: Kind) => () => onOpen(kind, chosen);
  return (
    <section className="bulk-bar" aria-label={t('bar')}>
      <strong>{t('selected', { n: chosen.length })}</strong>
      {shown < chosen.length && <span className="meta">{t('hidden', { n: chosen.length - shown })}</span>}
      {members.length > 0 && (
        <Button look="quiet" onClick={() => selection.choose(members.map(({ id }) => id))}>
          {t('selectMatching', { n: members.length })}
        </Button>
      )}
      <Button onClick={open('restart')}>{words('restart')}</Button>
      <Button onClick={open('stop')}>{words('stop')}</Button>
      <Button onClick={open('resume')}>{words('resume')}</Button>
      <Button onClick={open('group')}>{t('changeGroup')}</Button>
      <Button onClick={open('tags')}>{t('editTags')}</Button>
      <Button onClick={open('unregister')}>{words('unregister')}</Button>
      <Button look="quiet" icon="close" onClick={selection.clear}>
        {t('clear')}
      </Button>
    </section>
  );
}

/** The dialog of a bulk action. It stays while the selection, and with it the bar, is given up. */
export function useBulkDialog(onDone: () => void) {
  const [shown, setShown] = useState<{ kind: Kind; collectors: Collector[] } | null>(null);
  return {
    open: (kind: Kind, collectors: Collector[]) => setShown({ kind, collectors }),
    dialog: shown && <BulkDialog {...shown} onStarted={onDone} onClose={() => setShown(null)} />,
  };
}
