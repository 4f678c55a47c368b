import MuiDialog from '@mui/material/Dialog';
import { useId, type ReactNode } from 'react';
import { usePhone } from '../lib/hooks';
import { messages } from '../lib/messages';
import { IconButton } from './Button';
import './overlay.css';

const t = messages({ close: 'Close' });

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  actions?: ReactNode;
  width?: 'xs' | 'sm' | 'md';
}

/** A modal dialog; on a phone it fills the screen. Esc closes it and the focus goes back. */
export function Dialog({ title, onClose, children, actions, width = 'sm' }: DialogProps) {
  const titleId = useId();
  return (
    <MuiDialog open onClose={onClose} fullScreen={usePhone()} fullWidth maxWidth={width} aria-labelledby={titleId}>
      <div className="dialog-title">
        <h2 id={titleId} className="grow">
          {title}
        </h2>
        <IconButton icon="close" label={t('close')} onClick={onClose} />
      </div>
      <div className="dialog-body">{children}</div>
      {actions && <div className="dialog-actions">{actions}</div>}
    </MuiDialog>
  );
}
