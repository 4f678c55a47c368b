// Steps that stand on the ones before, and what most of them need.
import { test } from 'node:test';
import { picture } from './browser.mjs';
import { becomes, PATIENCE_MS } from './wait.mjs';

/** Like `test`, but after a failure the other steps are skipped, with a picture of the page. */
export function steps(currentPage) {
  let broken = null;
  return (name, run) =>
    test(name, async (step) => {
      if (broken) return step.skip(`after: ${broken}`);
      try {
        await run();
      } catch (error) {
        broken = name;
        const page = currentPage();
        if (page) await picture(page, 'failure');
        throw error;
      }
    });
}

export async function seen(locator, timeout = PATIENCE_MS) {
  await locator.waitFor({ state: 'visible', timeout });
}

export async function gone(locator, timeout = PATIENCE_MS) {
  await locator.waitFor({ state: 'hidden', timeout });
}

// Each of these waits until the page is so.

export function says(locator, text) {
  return becomes(`the text of ${locator}`, () => locator.textContent(), text);
}

export function holds(field, value) {
  return becomes(`the value of ${field}`, () => field.inputValue(), value);
}

export function bears(locator, attribute, value) {
  return becomes(`${attribute} of ${locator}`, () => locator.getAttribute(attribute), value);
}

export function number(locator, count) {
  return becomes(`the number of ${locator}`, () => locator.count(), count);
}

export function disabled(control) {
  return becomes(`that ${control} is disabled`, () => control.isDisabled(), true);
}

export function focused(locator) {
  return becomes(`the focus on ${locator}`, () => locator.evaluate((element) => element === document.activeElement), true);
}

/** The query string of the address. */
export function query(page, expected) {
  return becomes('the query string', () => new URL(page.url()).search, expected);
}

/** The page has its heading, and nothing on it says that it loads. */
export function loaded(page) {
  return page.waitForFunction(() => document.querySelector('h1') && !document.querySelector('[aria-busy=true]'));
}

export function fits(page, what) {
  return becomes(`${what} scrolls sideways`, () => page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
}

export async function signIn(page, { username, password }) {
  await page.getByRole('textbox', { name: 'Username' }).fill(username);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
