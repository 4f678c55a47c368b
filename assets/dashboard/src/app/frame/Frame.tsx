// What surrounds every page once somebody is signed in.
import { useEffect, useRef, useState } from 'react';
import { Outlet, useLocation, useNavigate } from 'react-router';
import { may } from '../../api/session';
import type { Session } from '../../api/types';
import { usePreferences } from '../../lib/hooks';
import { preferences, setPreferences } from '../../lib/preferences';
import { useShortcutListener, useShortcuts } from '../../ui/shortcuts';
import { Toasts } from '../../ui/toasts';
import { TooltipLayer } from '../../ui/TooltipLayer';
import { PAGES } from '../pages';
import { t } from '../strings';
import { LiveBanner } from './LiveBanner';
import { Palette } from './Palette';
import { PrintHeader } from './PrintHeader';
import { Rail } from './Rail';
import { ShortcutsDialog } from './ShortcutsDialog';
import { SignedIn } from './SignedIn';
import { TopBar } from './TopBar';
import { useLiveStream } from './useLiveStream';
import { useSessionKeeper } from './useSessionKeeper';
import './frame.css';

export function Frame() {
  return <SignedIn>{(session) => <SignedInFrame session={session} />}</SignedIn>;
}

function SignedInFrame({ session }: { session: Session }) {
  const [open, setOpen] = useState<'palette' | 'shortcuts' | null>(null);
  const { railCollapsed } = usePreferences();
  const navigate = useNavigate();
  const stream = useLiveStream();
  useSessionKeeper(session);
  const pages = PAGES.filter((page) => !page.needs || may(session.user.role, page.needs));
  const main = useFocusOnNewPage();

  useShortcutListener(() => setOpen('palette'));
  useShortcuts({
    '?': () => setOpen('shortcuts'),
    t: () => setPreferences({ timeFormat: preferences().timeFormat === 'absolute' ? 'relative' : 'absolute' }),
    ...Object.fromEntries(pages.map((page) => [page.keys, () => void navigate(page.path)])),
  });

  return (
    <div className={railCollapsed ? 'frame frame-narrow' : 'frame'}>
      <a className="skip" href="#main">
        {t('skip')}
      </a>
      <Rail pages={pages} />
      <div className="frame-column">
        <TopBar user={session.user} onPalette={() => setOpen('palette')} onShortcuts={() => setOpen('shortcuts')} />
        <LiveBanner onReconnect={() => stream.current?.reconnectNow()} />
        <PrintHeader />
        <main id="main" tabIndex={-1} ref={main}>
          <Outlet />
          <TooltipLayer />
        </main>
      </div>
      <Toasts />
      {open === 'palette' && <Palette pages={pages} onClose={() => setOpen(null)} onShortcuts={() => setOpen('shortcuts')} />}
      {open === 'shortcuts' && <ShortcutsDialog pages={pages} onClose={() => setOpen(null)} />}
    </div>
  );
}

/** A new page takes the focus, so that a screen reader begins there. */
function useFocusOnNewPage() {
  const { pathname } = useLocation();
  const page = pathname.split('/').slice(0, 3).join('/');
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
    scrollTo(0, 0);
  }, [page]);
  return main;
}
