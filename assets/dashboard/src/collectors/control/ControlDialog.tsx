// The dialogs of one collector, in a chunk that comes with the first of them.
import type { Collector } from '../../api/types';
import { RestartDialog, StopDialog } from './ActionDialogs';
import { RotateDialog } from './RotateDialog';
import { UnregisterDialog } from './UnregisterDialog';

export interface ControlDialogProps {
  kind: 'restart' | 'stop' | 'unregister' | 'rotate';
  collector: Pick<Collector, 'id' | 'name'>;
  onClose: () => void;
  /** Where to go when the collector is gone. */
  onUnregistered?: (() => void) | undefined;
}

export default function ControlDialog({ kind, collector, onClose, onUnregistered }: ControlDialogProps) {
  switch (kind) {
    case 'restart':
      return <RestartDialog collector={collector} onClose={onClose} />;
    case 'stop':
      return <StopDialog collector={collector} onClose={onClose} />;
    case 'unregister':
      return <UnregisterDialog collector={collector} onClose={onClose} onUnregistered={onUnregistered} />;
    case 'rotate':
      return <RotateDialog collector={collector} onClose={onClose} />;
  }
}
