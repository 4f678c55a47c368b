import { usePreferences } from '../lib/hooks';
import { setPreferences, type Density, type Theme, type TimeFormat } from '../lib/preferences';
import { SelectField } from '../ui/Field';
import { Switch } from '../ui/Switch';
import { t } from './strings';

const BROWSER_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const ZONES = Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC');

export function PreferencesForm() {
  const chosen = usePreferences();
  return (
    <section className="card preferences" aria-labelledby="appearance">
      <h2 id="appearance">{t('appearance')}</h2>
      <SelectField
        label={t('language')}
        value={chosen.language}
        onChange={(event) => setPreferences({ language: event.target.value })}
        options={[{ value: 'en', label: t('english') }]}
      />
      <SelectField
        label={t('zone')}
        value={chosen.timeZone}
        onChange={(event) => setPreferences({ timeZone: event.target.value })}
        options={[
          { value: 'browser', label: t('browserZone', { zone: BROWSER_ZONE }) },
          { value: 'UTC', label: 'UTC' },
          ...ZONES.map((zone) => ({ value: zone, label: zone })),
        ]}
      />
      <SelectField
        label={t('timeFormat')}
        value={chosen.timeFormat}
        onChange={(event) => setPreferences({ timeFormat: event.target.value as TimeFormat })}
        options={[
          { value: 'relative', label: t('relative') },
          { value: 'absolute', label: t('absolute') },
        ]}
      />
      <SelectField
        label={t('theme')}
        value={chosen.theme}
        onChange={(event) => setPreferences({ theme: event.target.value as Theme })}
        options={[
          { value: 'system', label: t('systemTheme') },
          { value: 'light', label: t('light') },
          { value: 'dark', label: t('dark') },
        ]}
      />
      <SelectField
        label={t('density')}
        value={chosen.density}
        onChange={(event) => setPreferences({ density: event.target.value as Density })}
        options={[
          { value: 'compact', label: t('compact') },
          { value: 'comfortable', label: t('comfortable') },
        ]}
      />
      <Switch
        className="preference-switch"
        label={t('singleKeys')}
        checked={chosen.singleKeys}
        onChange={(singleKeys) => setPreferences({ singleKeys })}
      />
      <p className="field-hint">{t('kept')}</p>
    </section>
  );
}
