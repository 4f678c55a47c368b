import Popover from '@mui/material/Popover';
import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import { Icon } from '../Icon';
import type { ListboxSurfaceProps } from '../MultiSelect';
import { Themed } from './Themed';
import '../overlay.css';

/** The open list of a filter. Enter and Space choose, Esc and Tab close. */
export default function ListboxSurface({ anchor, label, options, value, onChange, onClose, none }: ListboxSurfaceProps) {
  const id = useId();
  const [active, setActive] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const toggle = (index: number) => {
    const option = options[index]?.value;
    if (option === undefined) return;
    onChange(value.includes(option) ? value.filter((each) => each !== option) : [...value, option]);
  };
  useEffect(() => {
    list.current?.querySelector('.active')?.scrollIntoView({ block: 'nearest' });
  }, [active]);

  const onKeyDown = (event: KeyboardEvent) => {
    const last = options.length - 1;
    const moves: Record<string, number> = { ArrowDown: Math.min(last, active + 1), ArrowUp: Math.max(0, active - 1), Home: 0, End: last };
    const next = moves[event.key];
    if (next !== undefined) setActive(next);
    else if (event.key === 'Enter' || event.key === ' ') toggle(active);
    else if (event.key === 'Tab') onClose();
    else return;
    event.preventDefault();
  };

  return (
    <Themed>
      <Popover
        open
        anchorEl={anchor}
        onClose={onClose}
        anchorOrigin={{ vertical: 'bottom', horizontal: 'left' }}
        slotProps={{ paper: { role: 'region', 'aria-label': label } }}
      >
        {options.length === 0 && <p className="listbox-none">{none}</p>}
        <ul
          ref={list}
          role="listbox"
          aria-multiselectable="true"
          aria-label={label}
          aria-activedescendant={`${id}-${active}`}
          tabIndex={0}
          autoFocus
          className="listbox"
          onKeyDown={onKeyDown}
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
      </Popover>
    </Themed>
  );
}
