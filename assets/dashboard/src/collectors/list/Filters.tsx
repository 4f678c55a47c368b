import { useMemo, useState } from 'react';
import type { Collector } from '../../api/types';
import type { Change } from '../../lib/viewParams';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { SelectField } from '../../ui/Field';
import { MultiSelect } from '../../ui/MultiSelect';
import type { Option } from '../../ui/Select';
import { t } from '../strings';
import { ENVIRONMENTS } from '../words';
import { GROUPINGS, type View } from './view';

interface FiltersProps {
  collectors: Collector[];
  view: View;
  onChange: (change: Change) => void;
  phone: boolean;
}

export function Filters(props: FiltersProps) {
  const [open, setOpen] = useState(false);
  if (!props.phone) return <FilterControls {...props} />;
  const active = props.view.group.length + props.view.environment.length + props.view.tag.length;
  return (
    <>
      <Button icon="filter" onClick={() => setOpen(true)} aria-label={t('filters')}>
        {t('filters')}
        {active > 0 && <span aria-hidden="true">({active})</span>}
      </Button>
      {open && (
        <Dialog
          title={t('filters')}
          onClose={() => setOpen(false)}
          actions={
            <Button look="primary" onClick={() => setOpen(false)}>
              {t('showResults')}
            </Button>
          }
        >
          <div className="filter-sheet">
            <FilterControls {...props} />
          </div>
        </Dialog>
      )}
    </>
  );
}

function options(values: Iterable<string>): Option[] {
  return [...new Set(values)].sort((a, b) => a.localeCompare(b)).map((value) => ({ value, label: value }));
}

function FilterControls({ collectors, view, onChange }: FiltersProps) {
  const groups = useMemo(
    () => options([...collectors.flatMap(({ group }) => (group ? [group.name] : [])), ...view.group]),
    [collectors, view.group],
  );
  const tags = useMemo(() => options([...collectors.flatMap((collector) => collector.tags), ...view.tag]), [collectors, view.tag]);
  const labels = { group: t('group'), environment: t('environment'), status: t('status') };
  return (
    <>
      <MultiSelect
        label={t('group')}
        all={t('all')}
        none={t('noChoice')}
        options={groups}
        value={view.group}
        onChange={(group) => onChange({ group })}
      />
      <MultiSelect
        label={t('environment')}
        all={t('all')}
        none={t('noChoice')}
        options={ENVIRONMENTS}
        value={view.environment}
        onChange={(environment) => onChange({ environment })}
      />
      <MultiSelect
        label={t('tags')}
        all={t('all')}
        none={t('noChoice')}
        options={tags}
        value={view.tag}
        onChange={(tag) => onChange({ tag })}
      />
      <SelectField
        className="filter filter-native"
        label={t('groupBy')}
        value={view.groupBy ?? ''}
        onChange={(event) => onChange({ groupBy: event.target.value })}
        options={[{ value: '', label: t('none') }, ...GROUPINGS.map((value) => ({ value, label: labels[value] }))]}
      />
    </>
  );
}
