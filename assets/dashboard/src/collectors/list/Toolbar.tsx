import type { Collector } from '../../api/types';
import { download, toCsv } from '../../lib/csv';
import { usePreferences } from '../../lib/hooks';
import { setPreferences, type Density } from '../../lib/preferences';
import { MenuButton, type MenuItem } from '../../ui/Menu';
import { statusWord } from '../../ui/StatusWord';
import { t } from '../strings';
import { COLUMNS } from './columns';
import { SavedViews } from './SavedViews';

export function Toolbar({ members, phone }: { members: Collector[]; phone: boolean }) {
  return (
    <div className="toolbar">
      <SavedViews phone={phone} />
      {!phone && <ColumnsMenu />}
      {!phone && <DensityMenu />}
      <MenuButton
        label={t('export')}
        icon="download"
        iconOnly={phone}
        items={[
          { label: t('exportCsv'), onSelect: () => exportCsv(members) },
          { label: t('exportJson'), onSelect: () => exportJson(members) },
        ]}
      />
    </div>
  );
}

function ColumnsMenu() {
  const { hiddenColumns } = usePreferences();
  const toggle = (id: string) =>
    setPreferences({ hiddenColumns: hiddenColumns.includes(id) ? hiddenColumns.filter((each) => each !== id) : [...hiddenColumns, id] });
  const optional = COLUMNS.filter((column) => column.optional);
  return (
    <MenuButton
      label={t('columns')}
      icon="columns"
      items={optional.map(({ id, label }) => ({ label, kind: 'check', checked: !hiddenColumns.includes(id), onSelect: () => toggle(id) }))}
    />
  );
}

function DensityMenu() {
  const { density } = usePreferences();
  const choice = (value: Density, label: string): MenuItem => ({
    label,
    kind: 'radio',
    checked: density === value,
    onSelect: () => setPreferences({ density: value }),
  });
  return <MenuButton label={t('density')} icon="rows" items={[choice('compact', t('compact')), choice('comfortable', t('comfortable'))]} />;
}

function exportCsv(members: Collector[]): void {
  const header = [
    'name',
    'host',
    'port',
    'database',
    'status',
    'status_reason',
    'group',
    'environment',
    'tags',
    'last_heartbeat',
    'cpu_usage',
    'memory_usage',
    'uptime_percentage',
    'metrics_collected',
  ];
  const rows = members.map((each) => [
    each.name,
    each.host,
    each.port,
    each.database,
    statusWord(each.status),
    each.status_reason,
    each.group?.name,
    each.environment,
    each.tags.join(' '),
    each.last_heartbeat,
    each.cpu_usage,
    each.memory_usage,
    each.uptime_percentage,
    each.metrics_collected,
  ]);
  download('collectors.csv', 'text/csv', toCsv(header, rows));
}

function exportJson(members: Collector[]): void {
  download('collectors.json', 'application/json', `${JSON.stringify(members, null, 2)}\n`);
}
