// Every menu and dialog, and every step of a way with several, in both themes
// and sizes: axe finds nothing, nothing hangs over the edge of the screen.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { beat, pushDocuments, register, setUp } from './support/api.mjs';
import { launchBrowser, picture, SIZES, violations, watchedPage } from './support/browser.mjs';
import { Stage, startDaemon } from './support/programs.mjs';
import { gone, loaded, seen, signIn, steps } from './support/steps.mjs';

const ADMIN = { username: 'admin', password: 'correct horse battery staple' };

const stage = new Stage();
let daemon, admin, page, orders;

before(async () => {
  daemon = await startDaemon(stage);
  admin = await setUp(daemon, ADMIN);
  orders = await register(admin, 'orders', { group: 'AWS RDS', tags: ['eu'] });
  await beat(daemon, orders);
  await beat(daemon, await register(admin, 'billing'));
  const query = { hash: 7, text: 'SELECT 1', calls: 1, total_time: 2, rows: 1 };
  await pushDocuments(daemon, orders, [{ type: 'pg_query_stats', timestamp: new Date().toISOString(), database: 'app', queries: [query] }]);
  const { id } = await register(admin, 'retired');
  await admin('DELETE', `collectors/${id}`, { reason: 'Database retired' });
  await admin('POST', 'users', { username: 'vera', password: 'a long phrase to look with', role: 'viewer' });
  await admin('POST', 'api-tokens', { name: 'grafana' });
  await admin('POST', 'registration-secrets', { name: 'rack 7' });
  const browser = await launchBrowser(stage);
  const context = await browser.newContext({ viewport: SIZES.desktop, colorScheme: 'light' });
  page = await watchedPage(context, daemon.url);
  await page.goto(daemon.url);
  await signIn(page, ADMIN);
  await seen(page.getByRole('heading', { name: 'Overview' }));
});

after(() => stage.close());

const test = steps(() => page);
const problems = [];
let where = '';

const go = async (path) => {
  await page.goto(daemon.url + path);
  await loaded(page);
};
const tab = (name) => `/collectors/${orders.id}/${name}`;
const button = (name) => page.getByRole('button', { name, exact: true });
const dialog = (name) => page.getByRole('dialog', { name, exact: true });

/** Notes what is wrong with what is open. */
async function look(what) {
  for (const violation of await violations(page)) problems.push(`${where}, ${what}: ${violation}`);
  const over = await page.evaluate(() =>
    [...document.querySelectorAll('[role=dialog], [role=menu]')]
      .map((open) => open.getBoundingClientRect())
      .some(({ left, right }) => left < -0.5 || right > innerWidth + 0.5),
  );
  if (over) problems.push(`${where}, ${what}: hangs over the edge`);
  await picture(page, `${what.toLowerCase().replace(/\W+/g, '-')}-${where.replace(', ', '-')}`);
}

async function leave() {
  await page.keyboard.press('Escape');
  await gone(page.getByRole('dialog'));
}

/** Opens a dialog with a button, looks, and leaves it again. */
async function ask(opener, name = opener, prepare = async () => {}) {
  await button(opener).click();
  await seen(dialog(name));
  await prepare(dialog(name));
  await look(name);
  await leave();
}

async function menus(desktop) {
  await go('/collectors');
  const names = ['Export', 'Account menu', 'Actions for orders', ...(desktop ? ['Columns', 'Density'] : [])];
  for (const name of names) {
    await button(name).click();
    await seen(page.getByRole('menu'));
    await look(`menu ${name}`);
    await page.keyboard.press('Escape');
    await gone(page.getByRole('menu'));
  }
  if (desktop) await ask('Save view');
  else await ask('Filters');
  await ask('Search or jump to', 'Command palette');
  await page.keyboard.press('?');
  await seen(dialog('Keyboard shortcuts'));
  await look('Keyboard shortcuts');
  await leave();
}

async function bulk() {
  await go('/collectors');
  for (const name of ['billing', 'orders']) await page.getByRole('checkbox', { name: `Select ${name}`, exact: true }).check();
  const later = (open) => open.getByRole('radio', { name: 'Later' }).check();
  for (const verb of ['Restart', 'Stop', 'Unregister']) await ask(verb, `${verb} 2 collectors`, later);
  await ask('Change group', 'Change group of 2 collectors');
  await ask('Edit tags', 'Edit tags of 2 collectors');
  // what runs cannot be resumed, so this one ends at once and changes nothing
  await button('Resume').click();
  await dialog('Resume 2 collectors').getByRole('button', { name: 'Resume 2 collectors' }).click();
  await seen(dialog('Resume 2 collectors').getByRole('status').filter({ hasText: '2 failed' }));
  await look('Bulk results');
  await leave();
}

async function one() {
  await go(tab('overview'));
  await ask('Restart', 'Restart orders');
  await ask('Stop', 'Stop orders');
  await ask('Unregister', 'Unregister orders', (open) => open.getByRole('radio', { name: 'Delete metrics' }).check());
  await go(tab('metrics'));
  await button('Time range: Last 1 hour').click();
  await seen(dialog('Time range'));
  await look('Time range');
  await leave();
  await go(tab('queries'));
  await page.getByRole('button', { name: /^Open query/ }).click();
  await seen(dialog('Query'));
  await look('Query');
  await leave();
  await go(tab('config'));
  await ask('Rotate token', 'Rotate token for orders');
  await page.getByRole('spinbutton', { name: 'Query limit' }).fill('50');
  await ask('Review changes');
  await page.getByRole('tab', { name: 'Logs' }).click();
  await seen(dialog('Leave without saving?'));
  await look('Leave without saving');
  await dialog('Leave without saving?').getByRole('button', { name: 'Leave' }).click();
  await seen(page.getByRole('combobox', { name: 'Log of' }));
  await page.getByRole('combobox', { name: 'Log of' }).selectOption('Database');
  await seen(page.getByRole('heading', { name: 'No log entries yet' }));
  await look('Log of the database');
}

async function returning() {
  await go('/collectors/archived');
  await page.getByRole('checkbox', { name: 'Select retired', exact: true }).check();
  await ask('Re-register selected', 'Re-register collector', (open) => open.getByRole('radio', { name: 'Start fresh' }).check());
}

async function importing() {
  await go('/collectors/import');
  const lines = ['name,host,port,database,username,password,env', `new,db.example,5432,app,watcher,secret,production`, ',,,,,,moon'];
  await page.getByLabel('Or paste CSV or JSON').fill(lines.join('\n'));
  await look('Import, upload');
  await button('Continue').click();
  await seen(button('Dry run'));
  await look('Import, columns');
  await button('Dry run').click();
  await seen(page.getByRole('table', { name: 'Import preview' }));
  await look('Import, preview');
}

async function settings() {
  await go('/settings/preferences');
  await ask('Add API token');
  await ask('Revoke API token grafana');
  await go('/settings/users');
  for (const name of ['Add user', 'Reset password of vera', 'Delete user vera']) await ask(name);
  await go('/settings/groups');
  for (const name of ['Add group', 'Edit group Staging', 'Delete group Staging']) await ask(name);
  await go('/settings/system');
  for (const name of ['Add registration secret', 'Delete registration secret rack 7']) await ask(name);
}

for (const theme of ['light', 'dark']) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    test(`menus and dialogs, ${theme}, ${size}`, async () => {
      where = `${theme}, ${size}`;
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize(viewport);
      await menus(size === 'desktop');
      await bulk();
      await one();
      await returning();
      await importing();
      await settings();
      assert.deepEqual(problems, []);
    });
  }
}

test('what is shown once, in the dark on a phone', async () => {
  await go('/collectors/import');
  await page.getByLabel('Or paste CSV or JSON').fill('name,host,database,username,password\nnew,db.example,app,watcher,secret');
  await button('Continue').click();
  await button('Dry run').click();
  await button('Import 1 collector').click();
  await seen(page.getByRole('table', { name: 'Import results' }));
  await look('Import, results');
  await Promise.all([page.waitForEvent('download'), button('Download tokens').click()]);
  await go(tab('config'));
  await button('Rotate token').click();
  await dialog('Rotate token for orders').getByRole('button', { name: 'Rotate token' }).click();
  await seen(page.getByRole('heading', { name: 'Token rotated' }));
  await look('Token panel');
  await page.getByRole('checkbox', { name: 'I have stored the token' }).check();
  await leave();
  for (const [path, opener, name] of [
    ['/settings/preferences', 'Add API token', 'API token'],
    ['/settings/system', 'Add registration secret', 'Registration secret'],
  ]) {
    await go(path);
    await button(opener).click();
    await dialog(opener).getByRole('textbox', { name: 'Name' }).fill('shown');
    await dialog(opener).getByRole('button', { name: opener }).click();
    await seen(dialog(`${name} shown`));
    await look(`${name} shown`);
    await leave();
  }
  assert.deepEqual(problems, []);
});

test('no page wrote an error, threw, or asked another origin', () => {
  assert.deepEqual(page.faults, []);
});
