import { useState, type FormEvent } from 'react';
import { Button } from '../../ui/Button';
import { SelectField } from '../../ui/Field';
import { Refusal } from '../../ui/Refusal';
import { FIELDS, fieldLabel, mappingFaults, REQUIRED, unusedColumns, type ImportField, type Mapping, type MappingFault } from './mapping';
import type { Sheet } from './sheet';
import { t } from './strings';

interface MapStepProps {
  sheet: Sheet;
  mapping: Mapping;
  onMapping: (mapping: Mapping) => void;
  busy: boolean;
  problem: string | undefined;
  onBack: () => void;
  onDryRun: () => void;
}

export function MapStep({ sheet, mapping, onMapping, busy, problem, onBack, onDryRun }: MapStepProps) {
  const [checked, setChecked] = useState(false);
  const faults = mappingFaults(mapping);
  const unused = unusedColumns(sheet.columns, mapping);
  const columns = sheet.columns.map((name, index) => ({ value: String(index), label: name || `#${index + 1}` }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    const [first] = faults.keys();
    if (first) return document.getElementById(`column-${first}`)?.focus();
    if (!busy) onDryRun();
  };
  return (
    <form className="card import-card" noValidate onSubmit={submit}>
      <p className="muted">{t('found', { n: sheet.rows.length })}</p>
      {problem && <Refusal text={problem} />}
      <div className="import-map">
        {FIELDS.map((field) => (
          <SelectField
            key={field}
            id={`column-${field}`}
            label={t('columnFor', { field: fieldLabel(field) })}
            hint={hintOf(field)}
            aria-required={REQUIRED.has(field) || undefined}
            error={checked ? faultText(faults.get(field)) : undefined}
            options={[{ value: '', label: t('notImported') }, ...columns]}
            value={mapping[field] === null ? '' : String(mapping[field])}
            onChange={(event) => onMapping({ ...mapping, [field]: event.target.value === '' ? null : Number(event.target.value) })}
          />
        ))}
      </div>
      {unused.length > 0 && <p className="muted">{t('unused', { n: unused.length, names: unused.join(', ') })}</p>}
      <div className="import-actions">
        <Button onClick={onBack}>{t('stepBack')}</Button>
        <span className="grow" />
        <span className="muted">{t('dryRunWhy')}</span>
        <Button look="primary" type="submit" busy={busy}>
          {t('dryRun')}
        </Button>
      </div>
    </form>
  );
}

function hintOf(field: ImportField): string | undefined {
  if (REQUIRED.has(field)) return t('required');
  if (field === 'port') return t('defaultPort');
  return field === 'environment' ? t('defaultEnvironment') : undefined;
}

function faultText(fault: MappingFault | undefined): string | undefined {
  if (!fault) return undefined;
  return fault.kind === 'missing' ? t('needColumn') : t('twice', { field: fieldLabel(fault.other) });
}
