// The rules of what is asked before a collector, or many, are told something.
import { t } from './strings';

const MOST_REASON = 500;
const MOST_NOTES = 2000;
const MINUTES = { least: 1, most: 43_200 };
export const DAYS = { least: 1, most: 3650 };

export const REASON_RULES = { maxLength: { value: MOST_REASON, message: t('tooLong', { n: MOST_REASON }) } };
export const NOTES_RULES = { maxLength: { value: MOST_NOTES, message: t('tooLong', { n: MOST_NOTES }) } };
export const DURATION_RULES = {
  validate: (text: string) => text === '' || isWhole(text, MINUTES.least, MINUTES.most) || t('durationRange'),
};

export function isWhole(text: string, least: number, most: number): boolean {
  const number = Number(text);
  return text.trim() !== '' && Number.isInteger(number) && number >= least && number <= most;
}
