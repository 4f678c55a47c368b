// Steps that stand on the ones before, and what most of them need.
import { test } from 'node:test';
import { picture } from './browser.mjs';

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

export async function seen(locator, timeout = 10_000) {
  await locator.waitFor({ state: 'visible', timeout });
}

export async function gone(locator, timeout = 10_000) {
  await locator.waitFor({ state: 'hidden', timeout });
}

/** What fades in has come, so that its colours can be measured. */
export function calm(page) {
  return page.waitForFunction(() => document.getAnimations().every(({ playState }) => playState !== 'running'));
}

export async function signIn(page, { username, password }) {
  await page.getByRole('textbox', { name: 'Username' }).fill(username);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
