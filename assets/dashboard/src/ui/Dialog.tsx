import { lazy, Suspense, type ReactNode } from 'react';

const DialogSurface = lazy(() => import('./mui/DialogSurface'));

export interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  actions?: ReactNode;
  width?: 'xs' | 'sm' | 'md';
  /** Its own actions close it, so the corner needs no button of the same name. */
  ownClose?: boolean;
}

/** A modal dialog; on a phone it fills the screen. Esc closes it and the focus goes back. */
export function Dialog(props: DialogProps) {
  return (
    <Suspense fallback={null}>
      <DialogSurface {...props} />
    </Suspense>
  );
}
