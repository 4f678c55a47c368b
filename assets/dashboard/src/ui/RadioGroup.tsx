import { useId, type InputHTMLAttributes, type ReactNode, type Ref } from 'react';

interface RadioOption {
  value: string;
  label: string;
  hint?: ReactNode;
}

interface RadioGroupProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  options: RadioOption[];
  ref?: Ref<HTMLInputElement>;
}

/** One of a few choices, all of them in sight. The rest of the properties go to each radio button. */
export function RadioGroup({ label, options, ...input }: RadioGroupProps) {
  const id = useId();
  return (
    <div role="radiogroup" aria-labelledby={id} className="field">
      <span id={id} className="field-label">
        {label}
      </span>
      {options.map(({ value, label: text, hint }) => (
        <div key={value} className="radio">
          <label className="check">
            <input type="radio" {...input} value={value} aria-describedby={hint ? `${id}-${value}` : undefined} />
            {text}
          </label>
          {hint && (
            <p id={`${id}-${value}`} className="field-hint">
              {hint}
            </p>
          )}
        </div>
      ))}
    </div>
  );
}
