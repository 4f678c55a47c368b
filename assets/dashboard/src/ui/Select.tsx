import type { Ref, SelectHTMLAttributes } from 'react';
import { Icon } from './Icon';

export interface Option {
  value: string;
  label: string;
}

interface SelectProps extends SelectHTMLAttributes<HTMLSelectElement> {
  options: Option[];
  ref?: Ref<HTMLSelectElement>;
}

/** The browser's own select, which works with every keyboard, phone and reader. */
export function Select({ options, className = '', ...select }: SelectProps) {
  return (
    <span className="select">
      <select className={`input ${className}`} {...select}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
      <Icon name="chevronDown" size={12} />
    </span>
  );
}
