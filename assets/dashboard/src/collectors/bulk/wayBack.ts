// What brings back the tags and the groups that several collectors had: a
// wish for each way in which the change has changed some of them.
import type { BulkWish, Collector } from '../../api/types';

type Wish = Omit<BulkWish, 'collector_ids'>;

export function tagsBack(collectors: Pick<Collector, 'id' | 'tags'>[], add: string[], remove: string[]): BulkWish[] {
  return gathered(collectors, ({ tags }) => {
    const gained = add.filter((tag) => !tags.includes(tag));
    const lost = remove.filter((tag) => tags.includes(tag));
    return gained.length + lost.length > 0 ? { action: 'update-tags', params: { add: lost, remove: gained } } : null;
  });
}

export function groupBack(collectors: Pick<Collector, 'id' | 'group'>[], chosen: string | null): BulkWish[] {
  return gathered(collectors, ({ group }) => {
    const before = group?.id ?? null;
    return before === chosen ? null : { action: 'update-group', params: { group_id: before } };
  });
}

function gathered<Kind extends { id: string }>(collectors: Kind[], wishOf: (collector: Kind) => Wish | null): BulkWish[] {
  const wishes = new Map<string, BulkWish>();
  for (const collector of collectors) {
    const wish = wishOf(collector);
    if (!wish) continue;
    const key = JSON.stringify(wish);
    const { collector_ids: ids } = wishes.get(key) ?? { collector_ids: [] };
    wishes.set(key, { ...wish, collector_ids: [...ids, collector.id] });
  }
  return [...wishes.values()];
}
