// Views that somebody wants to come back to: a name for what the URL holds.
// They are kept in this browser, like the other preferences.
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { useLocation, useNavigate } from 'react-router';
import { usePreferences } from '../../lib/hooks';
import { setPreferences, type SavedView } from '../../lib/preferences';
import { Button } from '../../ui/Button';
import { TextField } from '../../ui/Field';
import { FormDialog } from '../../ui/FormDialog';
import { MenuButton, type MenuItem } from '../../ui/Menu';
import { toast } from '../../ui/toasts';
import { t } from '../strings';

const MOST_VIEWS = 50;
const NAME_CHARS = 60;

export function SavedViews({ phone }: { phone: boolean }) {
  const { savedViews } = usePreferences();
  const { search } = useLocation();
  const navigate = useNavigate();
  const [saving, setSaving] = useState(false);
  const current = savedViews.find((view) => view.query === search);
  const items: MenuItem[] = savedViews.map((view) => ({
    label: view.name,
    kind: 'radio',
    checked: view === current,
    onSelect: () => void navigate(`/collectors${view.query}`),
  }));
  if (current) items.push({ label: t('deleteView', { name: current.name }), onSelect: () => remove(savedViews, current) });
  return (
    <>
      {savedViews.length > 0 && <MenuButton label={t('views')} icon="filter" iconOnly={phone} items={items} />}
      {!phone && (
        <Button icon="plus" onClick={() => setSaving(true)}>
          {t('saveView')}
        </Button>
      )}
      {saving && <SaveViewDialog query={search} views={savedViews} onClose={() => setSaving(false)} />}
    </>
  );
}

function remove(views: SavedView[], view: SavedView): void {
  setPreferences({ savedViews: views.filter((each) => each !== view) });
  toast(t('viewDeleted', { name: view.name }), { action: { label: t('undo'), run: () => setPreferences({ savedViews: views }) } });
}

function SaveViewDialog({ query, views, onClose }: { query: string; views: SavedView[]; onClose: () => void }) {
  const form = useForm({ mode: 'onTouched', defaultValues: { name: '' } });
  const submit = form.handleSubmit((values) => {
    const name = values.name.trim();
    const others = views.filter((view) => view.name !== name);
    setPreferences({ savedViews: [...others, { name, query }].slice(-MOST_VIEWS) });
    toast(t('viewSaved', { name }));
    onClose();
  });
  return (
    <FormDialog title={t('saveView')} submit={t('saveView')} busy={false} onClose={onClose} onSubmit={(event) => void submit(event)}>
      <TextField
        label={t('viewName')}
        hint={t('viewHint')}
        autoFocus
        autoComplete="off"
        maxLength={NAME_CHARS}
        error={form.formState.errors.name?.message}
        {...form.register('name', { validate: (name) => name.trim() !== '' || t('needViewName') })}
      />
    </FormDialog>
  );
}
