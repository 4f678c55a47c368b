import type { ReactNode } from 'react';
import { Controller, type UseFormReturn } from 'react-hook-form';
import { Icon } from '../../ui/Icon';
import { PasswordField } from '../../ui/PasswordField';
import { SelectField, TextAreaField, TextField } from '../../ui/Field';
import { TagsField } from '../../ui/TagsField';
import { useGroupsQuery } from '../../api/groups';
import { CollectionFields } from '../collection';
import { useKnownTags } from '../useKnownTags';
import { ENVIRONMENTS, SSL_MODES, TYPES } from '../words';
import type { Checked, Values } from './form';
import { t } from './strings';

interface FieldsProps {
  form: UseFormReturn<Values, unknown, Checked>;
}

/** Wires one control to its value, its error and the id that the summary links to. */
function wire({ form }: FieldsProps, name: keyof Values) {
  return { ...form.register(name), id: `field-${name}`, error: form.formState.errors[name]?.message };
}

export function CollectorFields({ form }: FieldsProps) {
  const groups = useGroupsQuery().data ?? [];
  return (
    <fieldset className="card">
      <legend>{t('collector')}</legend>
      <div className="form-grid">
        <TextField label={t('name')} autoComplete="off" spellCheck={false} autoFocus {...wire({ form }, 'name')} />
        <SelectField
          label={t('type')}
          options={TYPES}
          hint={form.watch('type') === 'postgresql' ? undefined : t('onlyPostgres')}
          {...wire({ form }, 'type')}
        />
        <SelectField label={t('environment')} options={ENVIRONMENTS} {...wire({ form }, 'environment')} />
        <SelectField
          label={t('group')}
          options={[{ value: '', label: t('noGroup') }, ...groups.map(({ name }) => ({ value: name, label: name }))]}
          {...wire({ form }, 'group')}
        />
        <TextAreaField className="span-2" label={t('description')} rows={2} {...wire({ form }, 'description')} />
      </div>
    </fieldset>
  );
}

export function ConnectionFields({ form, children }: FieldsProps & { children: ReactNode }) {
  return (
    <fieldset className="card">
      <legend>{t('connection')}</legend>
      <div className="form-grid form-grid-connection">
        <TextField label={t('host')} autoComplete="off" autoCapitalize="none" spellCheck={false} {...wire({ form }, 'host')} />
        <TextField label={t('port')} type="number" min={1} max={65535} autoComplete="off" {...wire({ form }, 'port')} />
        <TextField label={t('database')} autoComplete="off" autoCapitalize="none" spellCheck={false} {...wire({ form }, 'database')} />
        <TextField label={t('username')} autoComplete="off" autoCapitalize="none" spellCheck={false} {...wire({ form }, 'username')} />
        <PasswordField label={t('password')} autoComplete="new-password" {...wire({ form }, 'password')} />
        <SelectField label={t('sslMode')} options={SSL_MODES} {...wire({ form }, 'ssl_mode')} />
        <TextAreaField
          className="span-2"
          label={t('certificate')}
          rows={3}
          spellCheck={false}
          hint={t('certificateHint')}
          {...wire({ form }, 'ssl_certificate')}
        />
      </div>
      {children}
    </fieldset>
  );
}

export function AdvancedFields({ form, open, onToggle }: FieldsProps & { open: boolean; onToggle: () => void }) {
  const knownTags = useKnownTags();
  return (
    <fieldset className="card" aria-label={t('advanced')}>
      <button type="button" className="disclosure" aria-expanded={open} aria-controls="advanced-fields" onClick={onToggle}>
        <Icon name={open ? 'chevronDown' : 'chevronRight'} />
        {t('advanced')}
      </button>
      <div className="form-grid" id="advanced-fields" hidden={!open}>
        <CollectionFields interval={wire({ form }, 'collection_interval')} limit={wire({ form }, 'query_limit')} />
        <Controller
          control={form.control}
          name="tags"
          render={({ field: { value, onChange } }) => (
            <TagsField
              className="span-2"
              id="field-tags"
              label={t('tags')}
              hint={t('tagsHint')}
              options={knownTags}
              value={value}
              onChange={onChange}
              error={form.formState.errors.tags?.message}
            />
          )}
        />
      </div>
    </fieldset>
  );
}
