// A labelled form control: label above, hint and error below, both tied to
// the control so that a screen reader says them with it.
import { useId, type InputHTMLAttributes, type ReactNode, type Ref, type SelectHTMLAttributes, type TextareaHTMLAttributes } from 'react';
import { Icon } from './Icon';
import { Select, type Option } from './Select';

interface FieldProps {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  className?: string;
  /** Shown beside the control, for example a button that reveals a password. */
  beside?: ReactNode;
}

interface Wiring {
  id: string;
  'aria-invalid': boolean | undefined;
  'aria-describedby': string | undefined;
}

function Frame({
  label,
  hint,
  error,
  className = '',
  beside,
  id,
  control,
}: FieldProps & { id?: string | undefined; control: (wiring: Wiring) => ReactNode }) {
  const generated = useId();
  const own = id ?? generated;
  const describedBy = [error && `${own}-error`, hint && `${own}-hint`].filter(Boolean).join(' ');
  const element = control({ id: own, 'aria-invalid': error ? true : undefined, 'aria-describedby': describedBy || undefined });
  return (
    <div className={`field ${className}`}>
      <label className="field-label" htmlFor={own}>
        {label}
      </label>
      {beside ? (
        <div className="field-beside">
          {element}
          {beside}
        </div>
      ) : (
        element
      )}
      {error && (
        <p className="field-error" id={`${own}-error`}>
          <Icon name="error" />
          {error}
        </p>
      )}
      {hint && (
        <p className="field-hint" id={`${own}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

export function TextField({
  label,
  hint,
  error,
  className,
  beside,
  id,
  ref,
  ...input
}: FieldProps & InputHTMLAttributes<HTMLInputElement> & { ref?: Ref<HTMLInputElement> }) {
  return (
    <Frame
      {...{ label, hint, error, className, beside, id }}
      control={(wiring) => <input ref={ref} className="input" {...input} {...wiring} />}
    />
  );
}

export function TextAreaField({
  label,
  hint,
  error,
  className,
  id,
  ref,
  ...area
}: FieldProps & TextareaHTMLAttributes<HTMLTextAreaElement> & { ref?: Ref<HTMLTextAreaElement> }) {
  return (
    <Frame
      {...{ label, hint, error, className, id }}
      control={(wiring) => <textarea ref={ref} className="input" {...area} {...wiring} />}
    />
  );
}

export function SelectField({
  label,
  hint,
  error,
  className,
  id,
  ref,
  options,
  ...select
}: FieldProps & SelectHTMLAttributes<HTMLSelectElement> & { options: Option[]; ref?: Ref<HTMLSelectElement> }) {
  return (
    <Frame
      {...{ label, hint, error, className, id }}
      control={(wiring) => <Select ref={ref} options={options} {...select} {...wiring} />}
    />
  );
}
