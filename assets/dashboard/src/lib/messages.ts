// The string catalogue. Every folder declares its own English messages with
// `messages({...})`; translations would be looked up by the same keys. The
// pseudo-locale en-XA lengthens and accents every message, so that a string
// that bypasses the catalogue, or a box that is too small, is seen at once.
import { preferences } from './preferences';

/** A text, or one text for each plural form of the parameter `n`. */
export type Message = string | { one: string; other: string };
export type Params = Record<string, string | number>;

export const PSEUDO_LOCALE = 'en-XA';

const fromUrl = new URLSearchParams(globalThis.location?.search ?? '').get('locale');

export function locale(): string {
  return fromUrl === PSEUDO_LOCALE ? PSEUDO_LOCALE : preferences().language;
}

/** The locale for `Intl`, which does not know the pseudo-locale. */
export function intlLocale(): string {
  const name = locale();
  return name === PSEUDO_LOCALE ? 'en' : name;
}

export function messages<Catalogue extends Record<string, Message>>(catalogue: Catalogue) {
  return (key: keyof Catalogue & string, params: Params = {}): string => {
    const text = fill(choose(catalogue[key] as Message, params), params);
    return locale() === PSEUDO_LOCALE ? pseudo(text) : text;
  };
}

function choose(message: Message, params: Params): string {
  if (typeof message === 'string') return message;
  const rule = new Intl.PluralRules(intlLocale()).select(Number(params.n));
  return rule === 'one' ? message.one : message.other;
}

function fill(text: string, params: Params): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? integer(value) : value;
  });
}

/** Groups digits from five on: 1000, but 10,000. */
function integer(value: number): string {
  return new Intl.NumberFormat(intlLocale(), { useGrouping: 'min2' }).format(value);
}

const ACCENTS: Record<string, string> = {
  a: 'á',
  c: 'ç',
  e: 'é',
  g: 'ğ',
  i: 'í',
  n: 'ñ',
  o: 'ö',
  s: 'š',
  u: 'ü',
  y: 'ý',
  z: 'ž',
  A: 'Å',
  C: 'Ç',
  E: 'É',
  I: 'Î',
  N: 'Ñ',
  O: 'Ö',
  S: 'Š',
  U: 'Û',
  Y: 'Ý',
};

export function pseudo(text: string): string {
  const accented = [...text].map((letter) => ACCENTS[letter] ?? letter).join('');
  const padding = '~'.repeat(Math.ceil(text.length * 0.3));
  return `[${accented}${padding}]`;
}
