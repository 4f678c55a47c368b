// Tags and group of one collector: shown as changed at once, with a way back,
// because nothing is lost by it.
import type { Dispatch } from '../../api/client';
import { problemText } from '../../api/problem';
import type { Collector, ConfigChange, Group } from '../../api/types';
import { toast } from '../../ui/toasts';
import { controlApi, patchCollector } from '../control/api';
import { t } from './strings';

type Badge = Collector['group'];

export function changeTags(collector: Collector, tags: string[]): Thunk {
  return change(
    collector,
    { tags },
    (draft) => void (draft.tags = tags),
    t('tagsSaved', { name: collector.name }),
    () => changeTags({ ...collector, tags }, collector.tags),
  );
}

export function changeGroup(collector: Collector, group: Group | Badge | null): Thunk {
  const badge = group && { id: group.id, name: group.name, color: group.color, icon: group.icon };
  return change(
    collector,
    { group_id: group?.id ?? '' },
    (draft) => void (draft.group = badge),
    t('groupSaved', { name: collector.name }),
    () => changeGroup({ ...collector, group: badge }, collector.group ?? null),
  );
}

type Thunk = (dispatch: Dispatch) => Promise<void>;

function change(collector: Collector, sent: ConfigChange, shown: (draft: Collector) => void, saved: string, back: () => Thunk): Thunk {
  return async (dispatch) => {
    const patch = dispatch(patchCollector(collector.id, shown));
    const said = toast(saved, { action: { label: t('undo'), run: () => void dispatch(back()) } });
    const answer = await dispatch(controlApi.endpoints.saveConfig.initiate({ id: collector.id, change: sent }));
    if (!answer.error) return;
    patch.undo();
    toast(t('notSaved', { name: collector.name, why: problemText(answer.error) }), { failure: true, after: said });
  };
}
