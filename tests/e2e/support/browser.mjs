// A browser that notes what no page may do: an error on the console, an
// exception, a request to another origin.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** How many times slower the page runs than the machine, to find tests that count on a fast one. */
const SLOWDOWN = Number(process.env.BROWSER_SLOWDOWN ?? 1);
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const ARTEFACTS = new URL('../../artefacts/', import.meta.url).pathname;

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];
export const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

export async function launchBrowser(stage) {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  stage.atEnd(() => browser.close());
  return browser;
}

/** A page whose misdeeds are collected in `faults`. */
export async function watchedPage(context, origin) {
  const page = await context.newPage();
  if (SLOWDOWN > 1) await (await context.newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: SLOWDOWN });
  const faults = [];
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    // The browser itself writes a line for each refused request, and a
    // refusal is what some steps ask for.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (!['blob:', 'data:'].includes(url.protocol) && url.origin !== origin) faults.push(`request off origin: ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 500) faults.push(`${response.status()} from ${response.url()}`);
  });
  page.faults = faults;
  return page;
}

/** What fades in has come, so that its colours can be measured. What turns for ever does not count. */
function calm(page) {
  return page.waitForFunction(() =>
    document.getAnimations().every(({ playState, effect }) => playState !== 'running' || effect.getTiming().iterations === Infinity),
  );
}

/** What axe finds on the page once it is calm, one line for each violation. */
export async function violations(page) {
  await calm(page);
  // Evaluated by the debugger, so that the page's content security policy holds.
  await page.evaluate(AXE);
  const found = await page.evaluate((rules) => globalThis.axe.run(document, { runOnly: rules }), RULES);
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 200)).join(' | ')}`);
}

export async function accessible(page) {
  assert.deepEqual(await violations(page), []);
}

export async function picture(page, name) {
  mkdirSync(ARTEFACTS, { recursive: true });
  await page.screenshot({ path: join(ARTEFACTS, `${name}.png`) });
}
