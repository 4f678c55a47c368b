import { useRef } from 'react';
import { usePreferences } from '../lib/hooks';
import { preferences, setPreferences, type Density, type Preferences, type Theme, type TimeFormat } from '../lib/preferences';
import { SelectField } from '../ui/Field';
import { Switch } from '../ui/Switch';
import { toast } from '../ui/toasts';
import { t } from './strings';

const BROWSER_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const ZONES = Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC');

export function PreferencesForm() {
  const chosen = usePreferences();
  const said = useRef<number | undefined>(undefined);
  /** Holds at once; the toast takes it back. */
  const change = (wanted: Partial<Preferences>) => {
    const known = preferences();
    const before = Object.fromEntries((Object.keys(wanted) as (keyof Preferences)[]).map((key) => [key, known[key]]));
    setPreferences(wanted);
    said.current = toast(t('preferenceSaved'), {
      after: said.current,
      action: { label: t('undo'), run: () => setPreferences(before) },
    });
  };
  return (
    <section className="card preferences" aria-labelledby="appearance">
      <h2 id="appearance">{t('appearance')}</h2>
      <SelectField
        label={t('language')}
        value={chosen.language}
        onChange={(event) => change({ language: event.target.value })}
        options={[{ value: 'en', label: t('english') }]}
      />
      <SelectField
        label={t('zone')}
        value={chosen.timeZone}
        onChange={(event) => change({ timeZone: event.target.value })}
        options={[
          { value: 'browser', label: t('browserZone', { zone: BROWSER_ZONE }) },
          { value: 'UTC', label: 'UTC' },
          ...ZONES.map((zone) => ({ value: zone, label: zone })),
        ]}
      />
      <SelectField
        label={t('timeFormat')}
        value={chosen.timeFormat}
        onChange={(event) => change({ timeFormat: event.target.value as TimeFormat })}
        options={[
          { value: 'relative', label: t('relative') },
          { value: 'absolute', label: t('absolute') },
        ]}
      />
      <SelectField
        label={t('theme')}
        value={chosen.theme}
        onChange={(event) => change({ theme: event.target.value as Theme })}
        options={[
          { value: 'system', label: t('systemTheme') },
          { value: 'light', label: t('light') },
          { value: 'dark', label: t('dark') },
        ]}
      />
      <SelectField
        label={t('density')}
        value={chosen.density}
        onChange={(event) => change({ density: event.target.value as Density })}
        options={[
          { value: 'compact', label: t('compact') },
          { value: 'comfortable', label: t('comfortable') },
        ]}
      />
      <Switch
        className="preference-switch"
        label={t('singleKeys')}
        checked={chosen.singleKeys}
        onChange={(singleKeys) => change({ singleKeys })}
      />
      <p className="field-hint">{t('kept')}</p>
    </section>
  );
}
