import { useState, type ComponentProps } from 'react';
import { messages } from '../lib/messages';
import { Button } from './Button';
import { TextField } from './Field';

const t = messages({ show: 'Show password', hide: 'Hide password' });

/** A password box with a button that reveals it; pasting is always allowed. */
export function PasswordField(props: ComponentProps<typeof TextField>) {
  const [shown, setShown] = useState(false);
  return (
    <TextField
      spellCheck={false}
      autoCapitalize="none"
      {...props}
      type={shown ? 'text' : 'password'}
      beside={<Button onClick={() => setShown(!shown)}>{t(shown ? 'hide' : 'show')}</Button>}
    />
  );
}
