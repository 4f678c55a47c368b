import { t } from '../strings';

export function SelectBox({ name, checked, onChange }: { name: string; checked: boolean; onChange: () => void }) {
  return (
    <label className="select-box">
      <input type="checkbox" aria-label={t('selectOne', { name })} checked={checked} onChange={onChange} />
    </label>
  );
}
