import { useGroupsQuery } from '../../../api/groups';
import { Failed } from '../../../api/Failed';
import type { Collector, ConfigVersion } from '../../../api/types';
import { MISSING } from '../../../lib/format';
import { DataTable, type DataColumn } from '../../../ui/DataTable';
import { Icon } from '../../../ui/Icon';
import { Loading } from '../../../ui/states';
import { Time } from '../../../ui/Time';
import { useConfigVersionsQuery } from './api';
import { isField, LABELS } from './form';
import { changesOf, type FieldChange } from './history';
import { t } from './strings';

/** Every version that is kept, who made it, what it changed, and whether the agent took it. */
export function History({ collector }: { collector: Collector }) {
  const { data, error, isLoading, refetch } = useConfigVersionsQuery({
    id: collector.id,
    version: collector.config_version,
    applied: collector.applied_config_version ?? null,
  });
  const columns: DataColumn<ConfigVersion>[] = [
    { id: 'version', label: t('versionHead'), isHeader: true, cell: ({ version }) => String(version) },
    { id: 'changes', label: t('changes'), cell: (version) => <Changes changes={changesOf(data ?? [], version)} /> },
    { id: 'by', label: t('by'), cell: ({ created_by }) => created_by },
    { id: 'at', label: t('changedAt'), cell: ({ created_at }) => <Time value={created_at} /> },
    { id: 'agent', label: t('agent'), cell: (version) => <Taken version={version} /> },
  ];
  return (
    <div className="card config-history">
      <h2>{t('history')}</h2>
      <Failed what={t('theHistory')} error={error} onRetry={refetch} />
      {isLoading && <Loading rows={3} />}
      {data && <DataTable label={t('history')} columns={columns} rows={data} keyOf={({ version }) => version} />}
    </div>
  );
}

function Changes({ changes }: { changes: FieldChange[] }) {
  const groups = useGroupsQuery().data;
  if (changes.length === 0) return <span className="muted">{t('firstVersion')}</span>;
  const shown = (field: string, value: string) =>
    (field === 'group_id' && groups?.find(({ id }) => id === value)?.name) || value || MISSING;
  return (
    <ul className="config-changes">
      {changes.map(({ field, before, after }) => (
        <li key={field}>
          {isField(field) ? LABELS[field] : <span className="mono">{field}</span>}:{' '}
          {t('fromTo', { before: shown(field, before), after: shown(field, after) })}
        </li>
      ))}
    </ul>
  );
}

function Taken({ version }: { version: ConfigVersion }) {
  const { applied_at: applied, refused_at: refused, refused_because: why } = version;
  if (refused)
    return (
      <span className="delivery delivery-refused">
        <Icon name="error" size={14} />
        <span>{t('refusedThis', { why: why ?? '' })}</span>
      </span>
    );
  if (!applied) return <span className="muted">{t('notTaken')}</span>;
  return (
    <span className="delivery delivery-applied">
      <Icon name="online" size={14} />
      <span>
        {t('taken')} <Time value={applied} />
      </span>
    </span>
  );
}
