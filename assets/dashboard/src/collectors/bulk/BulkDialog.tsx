// The dialogs of a bulk action, in a chunk that comes with the first of them.
import type { Collector } from '../../api/types';
import { GroupDialog } from './GroupDialog';
import { OperateDialog, type Operated } from './OperateDialog';
import { TagsDialog } from './TagsDialog';

export interface BulkDialogProps {
  kind: Operated | 'group' | 'tags';
  collectors: Collector[];
  /** The daemon has taken it: nothing needs to stay chosen. */
  onStarted: () => void;
  onClose: () => void;
}

export default function BulkDialog({ kind, ...dialog }: BulkDialogProps) {
  switch (kind) {
    case 'group':
      return <GroupDialog {...dialog} />;
    case 'tags':
      return <TagsDialog {...dialog} />;
    default:
      return <OperateDialog kind={kind} {...dialog} />;
  }
}
