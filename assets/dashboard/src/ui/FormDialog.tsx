// A dialog that asks for something and sends it: fields, Cancel, and a button
// that repeats what will be done.
import { useId, type FormEvent, type ReactNode } from 'react';
import { messages } from '../lib/messages';
import { Button } from './Button';
import { Dialog, type DialogProps } from './Dialog';
import { Refusal } from './Refusal';

const t = messages({ cancel: 'Cancel' });

interface FormDialogProps {
  title: string;
  submit: string;
  busy: boolean;
  /** What is done cannot be taken back: the button says so, and the focus starts on Cancel. */
  danger?: boolean;
  /** Cancel has the focus first; a field that asks for it with `autoFocus` needs `false`. */
  focusCancel?: boolean;
  /** The button waits until something has been typed exactly. */
  locked?: boolean;
  /** Why the server refused, said at once. */
  problem?: string | undefined;
  width?: DialogProps['width'];
  onClose: () => void;
  onSubmit: (event: FormEvent) => void;
  children: ReactNode;
}

export function FormDialog({
  title,
  submit,
  busy,
  danger = false,
  focusCancel = danger,
  locked = false,
  problem,
  width = 'xs',
  onClose,
  onSubmit,
  children,
}: FormDialogProps) {
  const formId = useId();
  return (
    <Dialog
      title={title}
      width={width}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose} autoFocus={focusCancel}>
            {t('cancel')}
          </Button>
          <Button type="submit" form={formId} look={danger ? 'danger' : 'primary'} busy={busy} disabled={locked}>
            {submit}
          </Button>
        </>
      }
    >
      <form
        id={formId}
        className="dialog-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          // A second press while the first is on its way would do it twice.
          if (!busy && !locked) onSubmit(event);
        }}
      >
        {problem && <Refusal text={problem} />}
        {children}
      </form>
    </Dialog>
  );
}
