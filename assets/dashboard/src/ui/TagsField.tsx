import Autocomplete from '@mui/material/Autocomplete';
import { useState, type InputHTMLAttributes } from 'react';
import { messages } from '../lib/messages';
import { Icon } from './Icon';
import { Themed } from './mui/Themed';
import './tags.css';

const t = messages({ remove: 'Remove tag {tag}' });

interface TagsFieldProps {
  id: string;
  label: string;
  hint: string;
  options: string[];
  value: string[];
  onChange: (tags: string[]) => void;
  error?: string | undefined;
  className?: string;
  /** A box for text that happens to suggest, rather than a list to choose from. */
  plain?: boolean;
}

/** Free words with suggestions. Enter, a comma or leaving the box ends a tag. */
export function TagsField({ id, label, hint, options, value, onChange, error, className = '', plain = false }: TagsFieldProps) {
  const [text, setText] = useState('');
  const [asked, setAsked] = useState(false);
  const add = (typed: string) => {
    const words = typed
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word && !value.includes(word));
    if (words.length > 0) onChange([...value, ...new Set(words)]);
    setText('');
  };
  return (
    <div className={`field ${className}`}>
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      <Themed>
        <Autocomplete
          multiple
          freeSolo
          disableClearable
          id={id}
          options={options.filter((option) => !value.includes(option))}
          value={value}
          inputValue={text}
          // What is below stays in reach: the suggestions come with the first letter, or when asked for.
          open={asked || text !== ''}
          onOpen={(event) => setAsked(event.type === 'keydown')}
          onClose={() => setAsked(false)}
          onInputChange={(_, typed, reason) => {
            if (reason === 'reset') return;
            if (typed.includes(',')) add(typed);
            else setText(typed);
          }}
          onChange={(_, tags) => {
            setText('');
            onChange([...new Set(tags.map((tag) => tag.trim()).filter(Boolean))]);
          }}
          onBlur={() => add(text)}
          renderInput={(params) => (
            <div className="input tags-box" ref={params.slotProps.input.ref}>
              {value.map((tag) => (
                <span key={tag} className="tag">
                  {tag}
                  <button
                    type="button"
                    className="tag-remove"
                    aria-label={t('remove', { tag })}
                    onClick={() => onChange(value.filter((each) => each !== tag))}
                  >
                    <Icon name="close" size={12} />
                  </button>
                </span>
              ))}
              <input
                {...withRole(params.slotProps.htmlInput, plain)}
                aria-describedby={`${id}-hint`}
                aria-invalid={error ? true : undefined}
              />
            </div>
          )}
        />
      </Themed>
      {error && <p className="field-error">{error}</p>}
      <p className="field-hint" id={`${id}-hint`}>
        {hint}
      </p>
    </div>
  );
}

/** A plain box keeps what ties it to its suggestions, without the role of a list. */
function withRole(input: InputHTMLAttributes<HTMLInputElement>, plain: boolean): InputHTMLAttributes<HTMLInputElement> {
  if (!plain) return input;
  const { role: _, 'aria-expanded': __, ...rest } = input;
  return rest;
}
