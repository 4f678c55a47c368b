import MuiDialog from '@mui/material/Dialog';
import { useEffect, useId, useRef } from 'react';
import { useFocusReturn } from '../../lib/focus';
import { usePhone } from '../../lib/hooks';
import { messages } from '../../lib/messages';
import { IconButton } from '../Button';
import type { DialogProps } from '../Dialog';
import { showToastsIn } from '../toasts';
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
        <TitleBar title={title} id={titleId} onClose={ownClose ? undefined : onClose} />
        <div className="dialog-body">{children}</div>
        {actions && <div className="dialog-actions">{actions}</div>}
      </MuiDialog>
    </Themed>
  );
}

function TitleBar({ title, id, onClose }: { title: string; id: string; onClose: (() => void) | undefined }) {
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const dialog = bar.current?.closest('.MuiDialog-root');
    return dialog ? showToastsIn(dialog) : undefined;
  }, []);
  return (
    <div className="dialog-title" ref={bar}>
      <h2 id={id} className="grow">
        {title}
      </h2>
      {onClose && <IconButton icon="close" label={t('close')} onClick={onClose} />}
    </div>
  );
}
