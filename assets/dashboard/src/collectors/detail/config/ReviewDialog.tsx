import { ChangesTable, type Change } from '../../../ui/ChangesTable';
import { FormDialog } from '../../../ui/FormDialog';
import { t } from './strings';

interface ReviewDialogProps {
  differences: Change[];
  busy: boolean;
  problem: string | undefined;
  onSave: () => void;
  onClose: () => void;
}

/** What will change, old beside new, before anything is sent. */
export function ReviewDialog({ differences, busy, problem, onSave, onClose }: ReviewDialogProps) {
  return (
    <FormDialog
      title={t('review')}
      submit={t('save')}
      width="sm"
      focusCancel
      busy={busy}
      problem={problem}
      onClose={onClose}
      onSubmit={onSave}
    >
      <ChangesTable changes={differences} />
    </FormDialog>
  );
}
