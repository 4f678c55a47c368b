import MuiDialog from '@mui/material/Dialog';
import { useId } from 'react';
import { useFocusReturn } from '../../lib/focus';
import { usePhone } from '../../lib/hooks';
import { messages } from '../../lib/messages';
import { IconButton } from '../Button';
import type { DialogProps } from '../Dialog';
import { Themed } from './Themed';
import '../overlay.css';

const t = messages({ close: 'Close' });

export default function DialogSurface({ title, onClose, children, actions, width = 'sm', ownClose = false }: DialogProps) {
  const titleId = useId();
  const phone = usePhone();
  useFocusReturn();
  return (
    <Themed>
      <MuiDialog open onClose={onClose} fullScreen={phone} fullWidth maxWidth={width} aria-labelledby={titleId}>
        <div className="dialog-title">
          <h2 id={titleId} className="grow">
            {title}
          </h2>
          {!ownClose && <IconButton icon="close" label={t('close')} onClick={onClose} />}
        </div>
        <div className="dialog-body">{children}</div>
        {actions && <div className="dialog-actions">{actions}</div>}
      </MuiDialog>
    </Themed>
  );
}
