import { useId, useState } from 'react';
import type { Option } from './Select';
import { Icon } from './Icon';
import { onDemand } from './onDemand';
import './filter.css';

const ListboxSurface = onDemand<ListboxSurfaceProps>(() => import('./mui/ListboxSurface'));

interface MultiSelectProps {
  label: string;
  /** Shown when nothing is chosen. */
  all: string;
  /** Said in the open list when there is nothing to choose from. */
  none: string;
  options: Option[];
  value: string[];
  onChange: (value: string[]) => void;
}

export interface ListboxSurfaceProps extends Omit<MultiSelectProps, 'all'> {
  anchor: HTMLElement;
  onClose: () => void;
}

/** A small filter that takes several values; its accessible name is its label alone. */
export function MultiSelect({ all, ...list }: MultiSelectProps) {
  const { label, options, value } = list;
  const labelId = useId();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const chosen = options.filter((option) => value.includes(option.value)).map((option) => option.label);
  return (
    <div className={value.length > 0 ? 'filter filter-set' : 'filter'}>
      <span id={labelId} className="filter-label">
        {label}
      </span>
      <button
        type="button"
        role="combobox"
        className="filter-value"
        aria-labelledby={labelId}
        aria-haspopup="listbox"
        aria-expanded={anchor !== null}
        onClick={(event) => setAnchor(event.currentTarget.parentElement)}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
          event.preventDefault();
          setAnchor(event.currentTarget.parentElement);
        }}
      >
        <span>{chosen.length > 0 ? chosen.join(', ') : all}</span>
        <Icon name="chevronDown" size={12} />
      </button>
      {anchor && <ListboxSurface anchor={anchor} onClose={() => setAnchor(null)} {...list} />}
    </div>
  );
}
