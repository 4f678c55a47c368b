// One collector under control: stop, resume, restart, configure, rotate,
// unregister and re-register, with a real agent that obeys or stays silent.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { beat, register, setUp } from './support/api.mjs';
import { accessible, launchBrowser, picture, SIZES, watchedPage } from './support/browser.mjs';
import { DATABASE, Stage, startAgent, startDaemon, startPostgres } from './support/programs.mjs';
import { disabled, focused, gone, holds, number, says, seen, signIn, steps } from './support/steps.mjs';
import { becomes } from './support/wait.mjs';

const ADMIN = { username: 'admin', password: 'correct horse battery staple' };
const NAME = 'orders-db-01';
const SILENT = 'silent-db-01';

const stage = new Stage();
let daemon, admin, browser, context, page, watched, silent;

before(async () => {
  let postgres;
  [daemon, postgres] = await Promise.all([startDaemon(stage), startPostgres(stage)]);
  admin = await setUp(daemon, ADMIN);
  const connection = { port: postgres.port, database: DATABASE.name, username: DATABASE.user, password: DATABASE.password };
  watched = await register(admin, NAME, { ...connection, collection_interval: 10, tags: ['eu'] });
  silent = await register(admin, SILENT);
  await beat(daemon, silent);
  startAgent(stage, { url: daemon.url, token: watched.jwt_token, id: watched.id, postgresPort: postgres.port });
  browser = await launchBrowser(stage);
  context = await browser.newContext({ viewport: SIZES.desktop, colorScheme: 'light' });
  page = await watchedPage(context, daemon.url);
  await page.goto(daemon.url);
  await signIn(page, ADMIN);
  await seen(page.getByRole('heading', { name: 'Overview' }));
});

after(() => stage.close());

const test = steps(() => page);
const go = (path) => page.goto(daemon.url + path);
const button = (name) => page.getByRole('button', { name, exact: true });
const dialog = (name) => page.getByRole('dialog', { name });
const row = (name) => page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
const toast = (text) => page.getByRole('region', { name: 'Notifications' }).getByRole('status').filter({ hasText: text });
const fromMenu = async (name, item) => {
  await button(`Actions for ${name}`).click();
  await page.getByRole('menuitem', { name: item }).click();
};

test('a row offers what can be done, and Esc leads back to where it was asked', async () => {
  await go('/collectors');
  await seen(row(NAME).getByText('Online', { exact: true }), 60_000);
  await button(`Actions for ${NAME}`).click();
  await seen(page.getByRole('menu'));
  const offered = ['Test connection', 'Restart', 'Stop', 'Edit configuration', 'View logs', 'Rotate token', 'Unregister'];
  await becomes('what the menu offers', () => page.getByRole('menuitem').allTextContents(), offered);
  await page.getByRole('menuitem', { name: 'Stop' }).click();
  await seen(dialog(`Stop ${NAME}`));
  await focused(dialog(`Stop ${NAME}`).getByRole('button', { name: 'Cancel' }));
  await page.keyboard.press('Escape');
  await gone(page.getByRole('dialog'));
  await focused(button(`Actions for ${NAME}`));
});

test('a stop is shown as under way until the agent confirms it, and its toast resumes', async () => {
  await fromMenu(NAME, 'Stop');
  const asked = dialog(`Stop ${NAME}`);
  await asked.getByRole('spinbutton', { name: 'Estimated duration (minutes)' }).fill('0');
  await asked.getByRole('button', { name: 'Stop collector' }).click();
  await seen(asked.getByText('A number of minutes from 1 to 43200'));
  await asked.getByRole('spinbutton', { name: 'Estimated duration (minutes)' }).fill('30');
  await asked.getByRole('textbox', { name: 'Reason' }).fill('new disks');
  await asked.getByRole('button', { name: 'Stop collector' }).click();
  await gone(page.getByRole('dialog'));
  await seen(row(NAME).getByText('Stopped', { exact: true }), 60_000);
  await seen(row(NAME).getByText('new disks'));
  await toast(NAME).getByRole('button', { name: 'Resume' }).click();
  await seen(row(NAME).getByText('Online', { exact: true }), 60_000);
});

test('an agent that does not answer is said after thirty seconds', async () => {
  await fromMenu(SILENT, 'Restart');
  await dialog(`Restart ${SILENT}`).getByRole('button', { name: 'Restart collector' }).click();
  await seen(row(SILENT).getByText('Restarting', { exact: true }));
  // Another page, whose clock can be put forward.
  const later = await context.newPage();
  await later.clock.install();
  await later.goto(`${daemon.url}/collectors/${silent.id}/overview`);
  await seen(later.getByText('Restarting', { exact: true }));
  await number(later.getByText('No confirmation yet'), 0);
  await later.clock.fastForward(31_000);
  await seen(later.getByText('No confirmation yet'));
  await later.close();
});

test('what the present state forbids is not offered', async () => {
  await go(`/collectors/${silent.id}/overview`);
  await seen(page.getByText('Restarting', { exact: true }));
  await disabled(button('Restart'));
  await disabled(button('Stop'));
});

test('a changed configuration is looked at before it is saved, and the agent applies it', async () => {
  await go(`/collectors/${watched.id}/config`);
  await seen(page.getByText('Applied by the agent'), 60_000);
  await button('Review changes').click();
  await seen(page.getByText('Nothing has been changed'));
  await page.getByRole('spinbutton', { name: 'Collection interval (seconds)' }).fill('5');
  await button('Review changes').click();
  await seen(page.getByText('An interval is a number from 10 to 3600'));
  await page.getByRole('spinbutton', { name: 'Collection interval (seconds)' }).fill('15');
  await page.getByRole('combobox', { name: 'Group' }).selectOption('Staging');
  await page.getByRole('textbox', { name: 'Tags' }).fill('gold');
  await button('Review changes').click();
  const review = dialog('Review changes');
  const changes = review.getByRole('table', { name: 'Changes' });
  await seen(changes.getByRole('row').filter({ hasText: 'Collection interval (seconds)' }).filter({ hasText: '15' }));
  await seen(changes.getByRole('row').filter({ hasText: 'Tags' }).filter({ hasText: 'eu, gold' }));
  await accessible(page);
  await picture(page, 'review-desktop-light');
  await review.getByRole('button', { name: 'Save configuration' }).click();
  await gone(page.getByRole('dialog'));
  await seen(page.getByText('Version 2', { exact: true }));
  await seen(page.getByText('Applied by the agent'), 60_000);
  const history = page.getByRole('table', { name: 'Configuration history' });
  await seen(history.getByRole('row').filter({ hasText: 'Collection interval (seconds): 10 → 15' }).filter({ hasText: 'Applied' }));
});

test('a configuration that was begun is not lost by accident', async () => {
  await page.getByRole('spinbutton', { name: 'Query limit' }).fill('77');
  await page.getByRole('tab', { name: 'Overview' }).click();
  await dialog('Leave without saving?').getByRole('button', { name: 'Stay' }).click();
  await holds(page.getByRole('spinbutton', { name: 'Query limit' }), '77');
  await button('Discard changes').click();
  await holds(page.getByRole('spinbutton', { name: 'Query limit' }), '100');
});

test('a rotated token is on screen once, and closing asks whether it is stored', async () => {
  await button('Rotate token').click();
  const rotate = dialog(`Rotate token for ${NAME}`);
  await rotate.getByRole('button', { name: 'Rotate token' }).click();
  await seen(rotate.getByRole('heading', { name: 'Token rotated' }));
  const token = rotate.getByRole('textbox', { name: 'Collector token' });
  await holds(token, /^\S{40,}$/);
  assert.notEqual(await token.inputValue(), watched.jwt_token);
  await says(rotate.getByRole('status', { name: 'First heartbeat' }), 'Waiting for first heartbeat');
  // what is said while a dialog is open is heard by those who do not see it too
  await rotate.getByRole('button', { name: 'Copy token' }).click();
  await seen(toast('Copied'));
  await accessible(page);
  await page.keyboard.press('Escape');
  await dialog('Leave without storing the token?').getByRole('button', { name: 'Stay' }).click();
  await rotate.getByRole('checkbox', { name: 'I have stored the token' }).check();
  await rotate.getByRole('link', { name: 'Open collector' }).click();
  await gone(page.getByRole('dialog'));
});

test('unregistering with deletion needs the name, letter by letter', async () => {
  await go(`/collectors/${silent.id}/overview`);
  await button('Unregister').click();
  const leave = dialog(`Unregister ${SILENT}`);
  await leave.getByRole('radio', { name: 'Delete metrics' }).check();
  const confirm = leave.getByRole('button', { name: 'Unregister and delete' });
  await leave.getByRole('textbox', { name: `Type ${SILENT} to confirm` }).fill(SILENT.toUpperCase());
  await disabled(confirm);
  await leave.getByRole('textbox', { name: `Type ${SILENT} to confirm` }).fill(SILENT);
  await confirm.click();
  await seen(leave.getByText('Choose a reason; it goes into the audit log'));
  await leave.getByRole('radio', { name: 'Archive metrics' }).check();
  await leave.getByRole('combobox', { name: 'Reason' }).selectOption('Maintenance/testing');
  await accessible(page);
  await leave.getByRole('button', { name: 'Unregister and archive' }).click();
  await seen(page.getByRole('heading', { name: 'Collectors', exact: true }));
  await gone(row(SILENT));
  await toast(SILENT).getByRole('link', { name: 'View archived' }).click();
  await seen(page.getByRole('row').filter({ hasText: SILENT }).filter({ hasText: 'Maintenance/testing' }));
});

test('an archived collector returns with a new token', async () => {
  await page.getByRole('checkbox', { name: `Select ${SILENT}` }).check();
  await button('Re-register selected').click();
  const again = dialog('Re-register collector');
  await again.getByRole('radio', { name: 'Start fresh' }).check();
  await disabled(again.getByRole('button', { name: 'Re-register' }));
  await accessible(page);
  await again.getByRole('textbox', { name: 'Type discard to confirm' }).fill('discard');
  await again.getByRole('button', { name: 'Re-register' }).click();
  await seen(page.getByRole('heading', { name: 'Collectors re-registered' }));
  await page.getByRole('checkbox', { name: 'I have stored the token' }).check();
  await page.getByRole('link', { name: 'Open collector' }).click();
  await seen(page.getByRole('heading', { name: SILENT, level: 1 }));
});

test('several return at once, each with a token of its own', async () => {
  const leaving = await Promise.all(['one', 'two'].map((name) => register(admin, name)));
  for (const { id } of leaving) await admin('DELETE', `collectors/${id}`, { reason: 'Other' });
  await go('/collectors/archived');
  await page.getByRole('checkbox', { name: 'Select all archived collectors' }).check();
  await button('Re-register selected').click();
  await dialog('Re-register 2 collectors').getByRole('button', { name: 'Re-register' }).click();
  for (const name of ['one', 'two']) await seen(page.getByRole('textbox', { name: `Collector token for ${name}` }));
  await accessible(page);
  await page.getByRole('checkbox', { name: 'I have stored the token' }).check();
  await page.getByRole('link', { name: 'All collectors' }).last().click();
  await seen(row('one'));
});

test('an operator tests connections and is offered nothing else', async () => {
  const operator = { username: 'olga', password: 'a long phrase to work with' };
  await admin('POST', 'users', { ...operator, role: 'operator' });
  const other = await browser.newContext({ viewport: SIZES.desktop });
  const theirs = await watchedPage(other, daemon.url);
  await theirs.goto(`${daemon.url}/collectors/${watched.id}/config`);
  await signIn(theirs, operator);
  await seen(theirs.getByRole('button', { name: 'Test connection' }));
  for (const name of ['Restart', 'Stop', 'Unregister', 'Review changes', 'Rotate token']) {
    await number(theirs.getByRole('button', { name, exact: true }), 0);
  }
  await theirs.goto(`${daemon.url}/collectors/import`);
  await seen(theirs.getByRole('heading', { name: 'You do not have permission' }));
  await theirs.goto(`${daemon.url}/collectors`);
  await theirs.getByRole('button', { name: `Actions for ${NAME}` }).click();
  await becomes('what the menu offers', () => theirs.getByRole('menuitem').allTextContents(), ['Test connection', 'View logs']);
  await number(theirs.getByRole('checkbox'), 0);
  assert.deepEqual(theirs.faults, []);
  await other.close();
});

test('no page wrote an error, threw, or asked another origin', () => {
  assert.deepEqual(page.faults, []);
});
