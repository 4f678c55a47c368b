// A person's first minutes with an appliance, in a real browser: opens its address, makes the first administrator,
// registers a collector, takes the command for its agent, and sees the first metrics. Pictures of it are kept.
//
//   node tests/packages/walk.mjs ADDRESS PICTURES
//
// Whoever sits at the terminal of the machine (browser.py) is spoken to by lines of JSON: in come `code`, `username`
// and `password`; out goes `command`; in comes `pasted`; out goes `collector`, its id.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { launchBrowser, SIZES, watchedPage } from '../e2e/support/browser.mjs';
import { DATABASE, Stage, startPostgres } from '../e2e/support/programs.mjs';
import { loaded, says, seen, signIn } from '../e2e/support/steps.mjs';
import { becomes } from '../e2e/support/wait.mjs';

const [ADDRESS, PICTURES] = process.argv.slice(2);
const NAME = 'db-1';
/** An agent that has just started is heard at once; a collection of a busy machine takes its time. */
const AGENT_MS = 120_000;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const hear = async () => JSON.parse((await lines.next()).value);
const tell = (what) => console.log(JSON.stringify(what));

const stage = new Stage();
// What a collector is registered for is tried by the daemon: a server in the machine's network.
const postgres = startPostgres(stage);
const browser = await launchBrowser(stage);
const context = await browser.newContext({ viewport: SIZES.desktop, permissions: ['clipboard-read', 'clipboard-write'] });
const page = await watchedPage(context, ADDRESS);
const button = (name) => page.getByRole('button', { name, exact: true });

let pictures = 0;
function picture(name) {
  pictures += 1;
  return page.screenshot({ path: join(PICTURES, `${String(pictures).padStart(2, '0')}-${name}.png`), fullPage: true });
}

async function setUp({ code, username, password }) {
  await page.goto(ADDRESS);
  await seen(page.getByRole('heading', { name: 'Create the first administrator' }));
  await picture('setup');
  await page.getByRole('textbox', { name: 'Setup code' }).fill(code);
  await page.getByRole('textbox', { name: 'Username' }).fill(username);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByLabel('Repeat password').fill(password);
  await button('Create administrator').click();
  await seen(page.getByRole('heading', { name: 'Sign in' }));
  await picture('sign-in');
  await signIn(page, { username, password });
  await seen(page.getByRole('heading', { name: 'Overview', level: 1 }));
  await says(page.getByRole('status', { name: 'Connection' }), 'Live');
  await loaded(page);
  await picture('signed-in');
}

async function register(postgres) {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Collectors' }).click();
  await seen(page.getByRole('heading', { name: 'No collectors yet' }));
  await page.getByRole('link', { name: 'Register collector' }).first().click();
  await page.getByLabel('Collector name').fill(NAME);
  await page.getByLabel('Host').fill('127.0.0.1');
  await page.getByLabel('Port').fill(String(postgres.port));
  await page.getByLabel('Database name').fill(DATABASE.name);
  await page.getByLabel('Username').fill(DATABASE.user);
  await page.getByLabel('Password', { exact: true }).fill(DATABASE.password);
  await button('Test connection').click();
  await seen(page.getByRole('status', { name: 'Connection test' }).getByText('Connection successful. PostgreSQL '));
  await picture('register');
  await button('Register collector').click();
  await seen(page.getByRole('heading', { name: 'Collector registered' }));
  await says(page.getByRole('status', { name: 'First heartbeat' }), 'Waiting for first heartbeat');
}

/** What the panel shows for a machine with systemd, which is what its button copies. */
async function takeCommand() {
  await page.getByRole('tab', { name: 'systemd' }).click();
  const command = await page.getByRole('tabpanel').textContent();
  await button('Copy snippet').click();
  await becomes('the clipboard', () => page.evaluate(() => navigator.clipboard.readText()), command);
  await picture('command');
  return command;
}

async function seeMetrics() {
  await seen(page.getByRole('status', { name: 'First heartbeat' }).getByText('First heartbeat received'), AGENT_MS);
  await picture('heartbeat');
  await page.getByRole('checkbox', { name: 'I have stored the token' }).check();
  await page.getByRole('link', { name: 'Open collector' }).click();
  await seen(page.getByRole('heading', { name: NAME, level: 1 }));
  await seen(page.getByRole('main').getByText('Online', { exact: true }), AGENT_MS);
  await page.getByRole('tab', { name: 'Metrics' }).click();
  const chart = page.getByRole('figure', { name: 'CPU usage' });
  const cursor = chart.getByRole('slider', { name: 'Cursor' });
  await becomes('what the chart says', () => cursor.getAttribute('aria-valuetext'), /UTC: .*\d%/, AGENT_MS);
  await seen(chart.locator('canvas'));
}

try {
  await setUp(await hear());
  await register(await postgres);
  tell({ command: await takeCommand() });
  await hear();
  await seeMetrics();
  tell({ collector: new URL(page.url()).pathname.split('/')[2] });
  await loaded(page);
  await picture('metrics');
  for (const tab of ['Overview', 'Logs']) {
    await page.getByRole('tab', { name: tab }).click();
    await loaded(page);
    await picture(tab.toLowerCase());
  }
  await page.goto(`${ADDRESS}/collectors`);
  await seen(page.getByRole('row', { name: NAME }).getByText('Online', { exact: true }));
  await picture('collectors');
  assert.deepEqual(page.faults, []);
} catch (error) {
  await picture('failure');
  throw error;
} finally {
  await stage.close();
}
