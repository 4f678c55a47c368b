import { useEffect, type ReactNode } from 'react';
import { useBlocker } from 'react-router';
import { Button } from './Button';
import { Dialog } from './Dialog';

interface LeaveGuardProps {
  when: boolean;
  title: string;
  stay: string;
  leave: string;
  children: ReactNode;
}

/** Asks before the page is left while something would be lost. */
export function LeaveGuard({ when, title, stay, leave, children }: LeaveGuardProps) {
  const blocker = useBlocker(({ currentLocation, nextLocation }) => when && currentLocation.pathname !== nextLocation.pathname);

  useEffect(() => {
    if (!when) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [when]);

  if (blocker.state !== 'blocked') return null;
  return (
    <Dialog
      title={title}
      width="xs"
      onClose={() => blocker.reset()}
      actions={
        <>
          <Button autoFocus onClick={() => blocker.reset()}>
            {stay}
          </Button>
          <Button look="danger" onClick={() => blocker.proceed()}>
            {leave}
          </Button>
        </>
      }
    >
      <p>{children}</p>
    </Dialog>
  );
}
