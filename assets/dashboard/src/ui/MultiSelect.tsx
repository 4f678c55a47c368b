import MenuItem from '@mui/material/MenuItem';
import Select from '@mui/material/Select';
import { useId } from 'react';
import type { Option } from './Field';

interface MultiSelectProps {
  label: string;
  /** Shown when nothing is chosen. */
  all: string;
  options: Option[];
  value: string[];
  onChange: (value: string[]) => void;
}

/** A small filter that takes several values; its accessible name is its label alone. */
export function MultiSelect({ label, all, options, value, onChange }: MultiSelectProps) {
  const labelId = useId();
  const chosen = options.filter((option) => value.includes(option.value)).map((option) => option.label);
  return (
    <div className={value.length > 0 ? 'filter filter-set' : 'filter'}>
      <span id={labelId} className="filter-label">
        {label}
      </span>
      <Select
        multiple
        displayEmpty
        variant="standard"
        disableUnderline
        value={value}
        onChange={(event) => onChange(event.target.value as string[])}
        renderValue={() => (chosen.length > 0 ? chosen.join(', ') : all)}
        SelectDisplayProps={{ 'aria-labelledby': labelId }}
        MenuProps={{ slotProps: { list: { 'aria-labelledby': labelId, dense: true } } }}
        inputProps={{ tabIndex: -1, 'aria-hidden': true }}
      >
        {options.map((option) => (
          <MenuItem key={option.value} value={option.value}>
            <input type="checkbox" tabIndex={-1} aria-hidden="true" readOnly checked={value.includes(option.value)} />
            {option.label}
          </MenuItem>
        ))}
      </Select>
    </div>
  );
}
