// Stopping, restarting and resuming one collector: asks for it, shows it as
// under way, and says how it ended. It goes on when the dialog or the page
// that asked is gone.
import type { Dispatch } from '../../api/client';
import { problemStatus, problemText, type ApiError } from '../../api/problem';
import { toast } from '../../ui/toasts';
import type { Action, Collector } from '../../api/types';
import { noteResuming, noteStatus } from '../underWay';
import { controlApi, patchCollector, type ControlKind, type ControlRequest } from './api';
import { t } from './strings';

export type Named = Pick<Collector, 'id' | 'name'>;
type Wish = Omit<ControlRequest, 'id'>;

const LOOK_SOON_MS = 1000;
const LOOK_LATER_MS = 10_000;
/** So often it is looked soon; an agent with an open channel answers within. */
const LOOKS_SOON = 40;

const ASKED = { stop: 'stopping', restart: 'restarting', resume: 'resuming' } as const;
const DONE = { stop: 'stopped', restart: 'restarted', resume: 'resumed' } as const;
const FAILED = { stop: 'notStopped', restart: 'notRestarted', resume: 'notResumed' } as const;

/** What was asked of a collector and is not over, for whoever asks next. */
const underWay = new Map<string, Promise<void>>();

/** Gives the refusal, or nothing once the server has accepted. */
export function carryOut({ id, name }: Named, wish: Wish) {
  return async (dispatch: Dispatch): Promise<ApiError | undefined> => {
    const answer = await dispatch(controlApi.endpoints.control.initiate({ id, ...wish }));
    if (answer.error) return answer.error;
    showUnderWay(dispatch, id, wish.kind);
    const asked = toast(t(ASKED[wish.kind], { name }), { action: wayBack(dispatch, { id, name }, wish.kind) });
    const end = follow(dispatch, { id, name }, wish.kind, answer.data.action_id, asked);
    underWay.set(id, end);
    void end.finally(() => underWay.get(id) === end && underWay.delete(id));
    return undefined;
  };
}

/** Resuming asks for nothing first: it does no harm. */
export function resume(collector: Named) {
  return async (dispatch: Dispatch): Promise<void> => {
    const before = underWay.get(collector.id);
    if (before) {
      toast(t('resumesLater', collector));
      await before;
    }
    const refused = await dispatch(carryOut(collector, { kind: 'resume' }));
    if (refused) toast(t('notResumed', { name: collector.name, why: problemText(refused) }), { failure: true });
  };
}

/** The live stream says the same; this holds also while it is down. */
function showUnderWay(dispatch: Dispatch, id: string, kind: ControlKind): void {
  if (kind === 'resume') return noteResuming(id, true);
  const status = kind === 'stop' ? 'stopping' : 'restarting';
  noteStatus(id, status);
  dispatch(
    patchCollector(id, (collector) => {
      collector.status = status;
      collector.status_reason = '';
    }),
  );
}

function wayBack(dispatch: Dispatch, collector: Named, kind: ControlKind) {
  return kind === 'stop' ? { label: t('resume'), run: () => void dispatch(resume(collector)) } : undefined;
}

async function follow(dispatch: Dispatch, collector: Named, kind: ControlKind, action: string, asked: number): Promise<void> {
  const ended = await ending(dispatch, action);
  noteResuming(collector.id, false);
  if (!ended) return;
  dispatch(controlApi.util.invalidateTags([{ type: 'Collector', id: collector.id }, 'Audit']));
  const { name } = collector;
  if (ended.status === 'completed') {
    toast(t(DONE[kind], { name }), { after: asked, action: wayBack(dispatch, collector, kind) });
  } else {
    toast(t(FAILED[kind], { name, why: ended.error_message ?? t('noAnswer') }), { failure: true, after: asked });
  }
}

/** Looks until the action is over, which may take an hour; nothing when there is nobody signed in to look. */
async function ending(dispatch: Dispatch, id: string): Promise<Action | null> {
  for (let look = 0; ; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, look < LOOKS_SOON ? LOOK_SOON_MS : LOOK_LATER_MS));
    const { data, error } = await dispatch(controlApi.endpoints.action.initiate(id, { subscribe: false, forceRefetch: true }));
    if (problemStatus(error) === 401) return null;
    if (data && data.status !== 'pending' && data.status !== 'in_progress') return data;
  }
}
