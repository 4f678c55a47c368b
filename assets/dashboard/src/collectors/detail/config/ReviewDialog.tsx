import { FormDialog } from '../../../ui/FormDialog';
import type { Difference } from './form';
import { t } from './strings';

interface ReviewDialogProps {
  differences: Difference[];
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
      <div className="scroll-x">
        <table className="table" aria-label={t('changes')}>
          <thead>
            <tr>
              <th scope="col">{t('field')}</th>
              <th scope="col">{t('before')}</th>
              <th scope="col">{t('after')}</th>
            </tr>
          </thead>
          <tbody>
            {differences.map(({ field, label, before, after }) => (
              <tr key={field}>
                <th scope="row">{label}</th>
                <td>{before}</td>
                <td className="after">{after}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </FormDialog>
  );
}
