import Popover from '@mui/material/Popover';
import { useId } from 'react';
import { Icon } from '../Icon';
import type { ListboxSurfaceProps } from '../MultiSelect';
import { useListKeys } from '../useListKeys';
import { Themed } from './Themed';
import '../overlay.css';

/** The open list of a filter. Enter and Space choose, Esc and Tab close. */
export default function ListboxSurface({ anchor, none, ...choices }: ListboxSurfaceProps) {
  return (
    <Themed>
      <Popover
        open
        anchorEl={anchor}
        onClose={choices.onClose}
        anchorOrigin={{ vertical: 'bottom', horizontal: 'left' }}
        slotProps={{ paper: { role: 'region', 'aria-label': choices.label } }}
      >
        {choices.options.length === 0 && <p className="listbox-none">{none}</p>}
        <Choices {...choices} />
      </Popover>
    </Themed>
  );
}

function Choices({ label, options, value, onChange, onClose }: Omit<ListboxSurfaceProps, 'anchor' | 'none'>) {
  const id = useId();
  const toggle = (index: number) => {
    const option = options[index]?.value;
    if (option === undefined) return;
    onChange(value.includes(option) ? value.filter((each) => each !== option) : [...value, option]);
  };
  const { list, active, onKeyDown } = useListKeys(options.length, 0, toggle);
  return (
    <ul
      ref={list}
      role="listbox"
      aria-multiselectable="true"
      aria-label={label}
      aria-activedescendant={`${id}-${active}`}
      tabIndex={0}
      className="listbox"
      onKeyDown={(event) => {
        onKeyDown(event);
        if (event.key !== 'Tab') return;
        event.preventDefault();
        onClose();
      }}
    >
      {options.map((option, index) => (
        <li
          key={option.value}
          id={`${id}-${index}`}
          role="option"
          aria-selected={value.includes(option.value)}
          className={index === active ? 'active' : undefined}
          onClick={() => toggle(index)}
        >
          <span className="listbox-box">{value.includes(option.value) && <Icon name="check" size={14} />}</span>
          {option.label}
        </li>
      ))}
    </ul>
  );
}
