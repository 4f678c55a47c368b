// What one collector can be told: which of it is possible now, and the dialogs
// that ask first.
import { useState, type ReactNode } from 'react';
import { useDispatch } from 'react-redux';
import type { Dispatch } from '../../api/client';
import type { Collector } from '../../api/types';
import { onDemand } from '../../ui/onDemand';
import { resume, type Named } from './carryOut';
import type { ControlDialogProps } from './ControlDialog';

const ControlDialog = onDemand<ControlDialogProps>(() => import('./ControlDialog'));

type Kind = ControlDialogProps['kind'];

interface Control {
  open: (kind: Kind, collector: Named) => void;
  resume: (collector: Named) => void;
  /** The open dialog, for the page to draw. */
  dialog: ReactNode;
}

export function useControl(onUnregistered?: () => void): Control {
  const dispatch = useDispatch<Dispatch>();
  const [shown, setShown] = useState<{ kind: Kind; collector: Named } | null>(null);
  return {
    open: (kind, { id, name }) => setShown({ kind, collector: { id, name } }),
    resume: (collector) => void dispatch(resume({ id: collector.id, name: collector.name })),
    dialog: shown && <ControlDialog {...shown} onClose={() => setShown(null)} onUnregistered={onUnregistered} />,
  };
}

/** A stopped collector can be resumed, and while it waits for its agent nothing more can be asked. */
export function possible({ status }: Pick<Collector, 'status'>): { restart: boolean; stop: boolean; resume: boolean } {
  const isBusy = status === 'stopping' || status === 'restarting';
  const isStopped = status === 'stopped';
  return { restart: !isBusy && !isStopped, stop: !isBusy && !isStopped, resume: isStopped };
}
