// Many collectors at once: choosing them, what is asked before, how it goes,
// and what stays of it on the pages of operations.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { answerCommand, beat, register, setUp } from './support/api.mjs';
import { accessible, launchBrowser, picture, SIZES, watchedPage } from './support/browser.mjs';
import { Stage, startDaemon } from './support/programs.mjs';
import { disabled, fits, focused, gone, loaded, number, says, seen, signIn, steps } from './support/steps.mjs';
import { becomes } from './support/wait.mjs';

const ADMIN = { username: 'admin', password: 'correct horse battery staple' };
const FLEET = 12;

const stage = new Stage();
let daemon, admin, browser, context, page;
const collectors = [];

before(async () => {
  daemon = await startDaemon(stage);
  admin = await setUp(daemon, ADMIN);
  for (let n = 1; n <= FLEET; n += 1) {
    collectors.push(await register(admin, `db-${n}`, { tags: ['eu'], environment: n % 2 === 0 ? 'staging' : 'production' }));
    await beat(daemon, collectors.at(-1));
  }
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
const dialog = (name) => page.getByRole('dialog', { name });
const row = (name) => page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
const bar = () => page.getByRole('region', { name: 'Bulk actions' });
const toasts = () => page.getByRole('region', { name: 'Notifications' });
const choose = async (...names) => {
  for (const name of names) await page.getByRole('checkbox', { name: `Select ${name}`, exact: true }).check();
};
const bulk = (name) => bar().getByRole('button', { name, exact: true }).click();

test('boxes, keys and the header choose collectors', async () => {
  await go('/collectors');
  await seen(row('db-2'));
  await loaded(page);
  const place = async () => (await row('db-2').boundingBox()).y;
  const before = await place();
  await choose('db-1', 'db-2');
  await seen(bar().getByText('2 selected', { exact: true }));
  await becomes('where a row is when the bar has come', place, before);
  await page.getByRole('link', { name: 'db-3', exact: true }).focus();
  await page.keyboard.press('x');
  await seen(bar().getByText('3 selected', { exact: true }));
  await bar()
    .getByRole('button', { name: `Select all ${FLEET} matching` })
    .click();
  await seen(bar().getByText(`${FLEET} selected`, { exact: true }));
  await accessible(page);
  await picture(page, 'bulk-bar-desktop-light');
  await bulk('Clear selection');
  await gone(bar());
  await page.getByRole('checkbox', { name: 'Select all collectors' }).check();
  await seen(bar().getByText(`${FLEET} selected`, { exact: true }));
  await seen(bar().getByRole('button', { name: `Select all ${FLEET} matching` }));
  await page.getByRole('checkbox', { name: 'Select all collectors' }).uncheck();
  await gone(bar());
});

test('somebody at the keyboard goes on in the list when the bar goes away', async () => {
  await choose('db-1');
  await bar().getByRole('button', { name: 'Clear selection' }).press('Enter');
  await gone(bar());
  await focused(page.getByRole('region', { name: 'Collectors list' }));
});

test('while some are chosen, the rows wait', async () => {
  await choose('db-4');
  await page.mouse.move(5, 5);
  await page.evaluate(() => document.activeElement?.blur());
  await register(admin, 'aa-new');
  const apply = page.getByRole('button', { name: 'Apply 1 update' });
  await seen(apply);
  await number(row('aa-new'), 0);
  await apply.click();
  await seen(row('aa-new'));
  await bulk('Clear selection');
});

test('a restart of several is looked at, goes on in the background, and ends with a message', async () => {
  await choose('db-1', 'db-2', 'db-3');
  await bulk('Restart');
  const ask = dialog('Restart 3 collectors');
  const chosen = ask.getByRole('table', { name: 'Selected collectors' });
  await number(chosen.getByRole('row'), 4);
  await accessible(page);
  await ask.getByRole('textbox', { name: 'Reason' }).fill('new kernel');
  await ask.getByRole('button', { name: 'Restart 3 collectors' }).click();
  await seen(ask.getByRole('progressbar', { name: 'Bulk operation progress' }));
  await seen(ask.getByRole('status').filter({ hasText: '0 of 3 done' }));
  await answerCommand(daemon, collectors[0], 'completed');
  await answerCommand(daemon, collectors[1], 'failed', 'no permission to restart');
  await seen(ask.getByRole('status').filter({ hasText: '1 of 3 done, 1 failed' }));
  const results = ask.getByRole('table', { name: 'Results' });
  await seen(results.getByRole('row').filter({ hasText: 'db-2' }).filter({ hasText: 'no permission to restart' }));
  await accessible(page);
  await picture(page, 'bulk-progress-desktop-light');
  await ask.getByRole('button', { name: 'Run in background' }).click();
  await gone(page.getByRole('dialog'));
  await seen(toasts().getByRole('link', { name: 'View operation' }));
  await seen(row('db-3').getByText('Restarting', { exact: true }));
  await answerCommand(daemon, collectors[2], 'completed');
  await seen(toasts().getByRole('alert').filter({ hasText: 'Restart 3 collectors: 2 of 3 done, 1 failed' }));
});

test('an operation has a page that survives a reload, and starts again what failed', async () => {
  await go('/operations');
  const listed = page.getByRole('table', { name: 'Operations' }).getByRole('row').filter({ hasText: 'Restart 3 collectors' });
  await seen(listed.filter({ hasText: 'Completed' }).filter({ hasText: '2 of 3 done, 1 failed' }));
  await accessible(page);
  await listed.getByRole('link').click();
  await seen(page.getByRole('heading', { name: 'Restart 3 collectors', level: 1 }));
  await page.reload();
  await seen(page.getByText('new kernel'));
  await seen(page.getByRole('table', { name: 'Results' }));
  await accessible(page);
  await page.getByRole('button', { name: 'Retry failed' }).click();
  await seen(page.getByRole('heading', { name: 'Restart 1 collector', level: 1 }));
  await seen(page.getByRole('status').filter({ hasText: '0 of 1 done' }));
  await answerCommand(daemon, collectors[1], 'completed');
  await seen(page.getByRole('status').filter({ hasText: '1 of 1 done' }));
});

test('a later stop is scheduled, and can be cancelled', async () => {
  await go('/collectors');
  await choose('db-5', 'db-6');
  await bulk('Stop');
  const ask = dialog('Stop 2 collectors');
  await ask.getByRole('radio', { name: 'Later' }).check();
  await ask.getByRole('textbox', { name: 'Start at' }).fill('yesterday');
  await ask.getByRole('button', { name: 'Stop 2 collectors' }).click();
  await seen(ask.getByText('Not a time'));
  await ask.getByRole('textbox', { name: 'Start at' }).fill('now+3h');
  await accessible(page);
  await ask.getByRole('button', { name: 'Stop 2 collectors' }).click();
  await seen(ask.getByRole('status').filter({ hasText: /^Scheduled for \d{4}-/ }));
  await ask.getByRole('link', { name: 'View operation' }).click();
  await seen(page.getByRole('heading', { name: 'Stop 2 collectors', level: 1 }));
  await go('/operations');
  await page.getByRole('button', { name: 'Cancel Stop 2 collectors' }).click();
  await seen(page.getByRole('row').filter({ hasText: 'Stop 2 collectors' }).filter({ hasText: 'Cancelled' }));
});

test('tags and group of several are saved together', async () => {
  await go('/collectors');
  await choose('db-7', 'db-8');
  await bulk('Edit tags');
  const tags = dialog('Edit tags of 2 collectors');
  await tags.getByRole('button', { name: 'Save tags' }).click();
  await seen(tags.getByText('Enter a tag to add or to remove'));
  await tags.getByRole('combobox', { name: 'Add tags' }).fill('gold');
  await tags.getByRole('combobox', { name: 'Add tags' }).press('Enter');
  await tags.getByRole('combobox', { name: 'Remove tags' }).fill('eu,');
  await accessible(page);
  await tags.getByRole('button', { name: 'Save tags' }).click();
  await gone(page.getByRole('dialog'));
  await seen(toasts().getByText('Tags of 2 collectors saved'));
  const stored = async () => (await admin('GET', `collectors/${collectors[6].id}`)).tags;
  await becomes('the tags that are stored', stored, ['gold']);
  await seen(toasts().getByRole('link', { name: 'View operation' }));
  await toasts().getByRole('button', { name: 'Undo' }).click();
  await becomes('the tags after Undo', stored, ['eu']);
});

test('the group of one changes at once, and Undo brings the old one back', async () => {
  await choose('db-9');
  await bulk('Change group');
  const ask = dialog('Change group of 1 collector');
  await ask.getByRole('combobox', { name: 'Group' }).selectOption('Staging');
  await ask.getByRole('button', { name: 'Save group' }).click();
  // a message waits while the pointer is on it
  await toasts().getByRole('button', { name: 'Undo' }).hover();
  const group = row('db-9').getByRole('cell').nth(2);
  await says(group, 'Staging');
  await toasts().getByRole('button', { name: 'Undo' }).click();
  await says(group, '–');
  const stored = async () => (await admin('GET', `collectors/${collectors[8].id}`)).group;
  await becomes('the group that is stored', stored, null);
});

test('unregistering several is confirmed by typing how many', async () => {
  await choose('db-10', 'db-11', 'db-12');
  await bulk('Unregister');
  const ask = dialog('Unregister 3 collectors');
  const confirm = ask.getByRole('button', { name: 'Unregister 3 collectors' });
  await ask.getByRole('combobox', { name: 'Reason' }).selectOption('Database retired');
  await ask.getByRole('textbox', { name: 'Type unregister 3 to confirm' }).fill('unregister 2');
  await disabled(confirm);
  await accessible(page);
  await ask.getByRole('textbox', { name: 'Type unregister 3 to confirm' }).fill('unregister 3');
  await confirm.click();
  await seen(ask.getByRole('status').filter({ hasText: '3 of 3 done' }));
  await ask.getByRole('button', { name: 'Close' }).click();
  await gone(row('db-10'));
  await page.getByRole('link', { name: 'Archived collectors' }).click();
  await number(page.getByRole('table', { name: 'Archived collectors' }).getByRole('row'), 4);
});

test('on a phone cards are chosen, and dialogs fill the screen', async () => {
  await page.setViewportSize(SIZES.phone);
  await go('/collectors');
  await seen(page.getByRole('list', { name: 'Collectors' }));
  await choose('db-4', 'db-5');
  await accessible(page);
  await picture(page, 'bulk-bar-phone-light');
  await bulk('Restart');
  await seen(dialog('Restart 2 collectors'));
  await accessible(page);
  await picture(page, 'bulk-restart-phone-light');
  const width = async () => (await dialog('Restart 2 collectors').boundingBox()).width;
  await becomes('the width of the dialog', width, SIZES.phone.width);
  await page.keyboard.press('Escape');
  await page.setViewportSize({ width: 320, height: 640 });
  for (const path of ['/collectors', '/operations', '/collectors/archived', '/collectors/import']) {
    await go(path);
    await loaded(page);
    await fits(page, path);
  }
  await page.setViewportSize(SIZES.desktop);
});

test('in the dark everything is as readable', async () => {
  await page.emulateMedia({ colorScheme: 'dark' });
  for (const path of ['/operations', '/collectors/archived', '/collectors/import']) {
    await go(path);
    await seen(page.getByRole('heading', { level: 1 }));
    await accessible(page);
  }
  await go('/collectors');
  await choose('db-4', 'db-5');
  for (const name of ['Stop', 'Change group', 'Edit tags', 'Unregister']) {
    await bulk(name);
    await seen(page.getByRole('dialog'));
    await accessible(page);
    await picture(page, `bulk-${name.toLowerCase().replace(' ', '-')}-desktop-dark`);
    await page.keyboard.press('Escape');
    await gone(page.getByRole('dialog'));
  }
  await page.emulateMedia({ colorScheme: 'light' });
});

test('no page wrote an error, threw, or asked another origin', () => {
  assert.deepEqual(page.faults, []);
});
