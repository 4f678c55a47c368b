import { useEffect, type ReactNode } from 'react';
import { useBlocker } from 'react-router';
import { Button } from './Button';
import { Dialog } from './Dialog';

interface LeaveWords {
  title: string;
  stay: string;
  leave: string;
  children: ReactNode;
}

/** Asks before the page is left while something would be lost. */
export function LeaveGuard({ when, ...words }: LeaveWords & { when: boolean }) {
  const blocker = useBlocker(({ currentLocation, nextLocation }) => when && currentLocation.pathname !== nextLocation.pathname);

  useEffect(() => {
    if (!when) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [when]);

  if (blocker.state !== 'blocked') return null;
  return <LeaveDialog {...words} onStay={() => blocker.reset()} onLeave={() => blocker.proceed()} />;
}

/** The question itself, for what is left without leaving the page. */
export function LeaveDialog({ title, stay, leave, children, onStay, onLeave }: LeaveWords & { onStay: () => void; onLeave: () => void }) {
  return (
    <Dialog
      title={title}
      width="xs"
      onClose={onStay}
      actions={
        <>
          <Button autoFocus onClick={onStay}>
            {stay}
          </Button>
          <Button look="danger" onClick={onLeave}>
            {leave}
          </Button>
        </>
      }
    >
      <p>{children}</p>
    </Dialog>
  );
}
