import { useEffect, useRef, useState, type Ref } from 'react';

interface SearchBoxProps {
  ref?: Ref<HTMLInputElement>;
  label: string;
  hint: string;
  value: string;
  onType: (text: string) => void;
  onSettle: () => void;
  className?: string;
}

/**
 * A search box whose text is part of the URL. The text itself is kept here,
 * because the URL follows too late for somebody who types fast.
 */
export function SearchBox({ ref, label, hint, value, onType, onSettle, className = '' }: SearchBoxProps) {
  const [text, setText] = useState(value);
  // Texts on their way into the URL. One that comes back from there is an
  // echo; any other change came from Back, Forward or a button.
  const sent = useRef<string[]>([]);
  useEffect(() => {
    const echo = sent.current.indexOf(value);
    sent.current = echo === -1 ? [] : sent.current.slice(echo + 1);
    if (echo === -1) setText(value);
  }, [value]);
  return (
    <input
      ref={ref}
      type="search"
      className={`input ${className}`}
      aria-label={label}
      placeholder={hint}
      value={text}
      onChange={(event) => {
        sent.current.push(event.target.value);
        setText(event.target.value);
        onType(event.target.value);
      }}
      onBlur={onSettle}
    />
  );
}
