import MenuItem from '@mui/material/MenuItem';
import type { Collector } from '../../api/types';
import { download, toCsv } from '../../lib/csv';
import { usePreferences } from '../../lib/hooks';
import { setPreferences, type Density } from '../../lib/preferences';
import { Icon } from '../../ui/Icon';
import { MenuButton } from '../../ui/MenuButton';
import { statusWord } from '../../ui/StatusWord';
import { t } from '../strings';
import { COLUMNS } from './columns';

export function Toolbar({ members, phone }: { members: Collector[]; phone: boolean }) {
  return (
    <div className="toolbar">
      {!phone && <ColumnsMenu />}
      {!phone && <DensityMenu />}
      <MenuButton label={t('export')} icon="download" iconOnly={phone}>
        {(close) => [
          <MenuItem key="csv" onClick={() => { close(); exportCsv(members); }}>
            {t('exportCsv')}
          </MenuItem>,
          <MenuItem key="json" onClick={() => { close(); exportJson(members); }}>
            {t('exportJson')}
          </MenuItem>,
        ]}
      </MenuButton>
    </div>
  );
}

function ColumnsMenu() {
  const { hiddenColumns } = usePreferences();
  const toggle = (id: string) =>
    setPreferences({ hiddenColumns: hiddenColumns.includes(id) ? hiddenColumns.filter((each) => each !== id) : [...hiddenColumns, id] });
  return (
    <MenuButton label={t('columns')} icon="columns">
      {() =>
        COLUMNS.filter(({ optional }) => optional).map(({ id, label }) => {
          const shown = !hiddenColumns.includes(id);
          return (
            <MenuItem key={id} role="menuitemcheckbox" aria-checked={shown} onClick={() => toggle(id)}>
              <Mark shown={shown} />
              {label}
            </MenuItem>
          );
        })
      }
    </MenuButton>
  );
}

function DensityMenu() {
  const { density } = usePreferences();
  const choices: [Density, string][] = [
    ['compact', t('compact')],
    ['comfortable', t('comfortable')],
  ];
  return (
    <MenuButton label={t('density')} icon="rows">
      {(close) =>
        choices.map(([value, label]) => (
          <MenuItem key={value} role="menuitemradio" aria-checked={density === value} onClick={() => { close(); setPreferences({ density: value }); }}>
            <Mark shown={density === value} />
            {label}
          </MenuItem>
        ))
      }
    </MenuButton>
  );
}

function Mark({ shown }: { shown: boolean }) {
  return <span className="menu-mark">{shown && <Icon name="check" />}</span>;
}

function exportCsv(members: Collector[]): void {
  const header = ['name', 'host', 'port', 'database', 'status', 'status_reason', 'group', 'environment', 'tags', 'last_heartbeat', 'cpu_usage', 'memory_usage', 'uptime_percentage', 'metrics_collected'];
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
