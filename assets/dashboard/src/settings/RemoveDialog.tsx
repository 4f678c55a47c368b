import { useState, type ReactNode } from 'react';
import { problemText, type ApiError } from '../api/problem';
import { FormDialog } from '../ui/FormDialog';
import { toast } from '../ui/toasts';

interface RemoveDialogProps {
  title: string;
  submit: string;
  /** Said once it is gone. */
  removed: string;
  children: ReactNode;
  onRemove: () => PromiseLike<{ error?: ApiError | undefined }>;
  onClose: () => void;
}

/** Asks before something is taken away. */
export function RemoveDialog({ title, submit, removed, children, onRemove, onClose }: RemoveDialogProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const run = async () => {
    setBusy(true);
    setError(undefined);
    const answer = await onRemove();
    setBusy(false);
    if (answer.error) return setError(answer.error);
    toast(removed);
    onClose();
  };
  return (
    <FormDialog
      title={title}
      submit={submit}
      danger
      busy={busy}
      problem={error && problemText(error)}
      onClose={onClose}
      onSubmit={() => void run()}
    >
      <p>{children}</p>
    </FormDialog>
  );
}
