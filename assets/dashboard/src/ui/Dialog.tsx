import type { ReactNode } from 'react';
import { onDemand } from './onDemand';

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
export const Dialog = onDemand<DialogProps>(() => import('./mui/DialogSurface'));
