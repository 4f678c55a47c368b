// The names by which people who do not see the page, and tests, find what is
// on it. Each line below is a role and its exact name; a name that ends with …
// only begins so.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { answerCommand, beat, pushDocuments, register, sendLogs, setUp } from './support/api.mjs';
import { launchBrowser, SIZES, watchedPage } from './support/browser.mjs';
import { Stage, startDaemon } from './support/programs.mjs';
import { bears, gone, loaded, number, says, seen, signIn, steps } from './support/steps.mjs';
import { becomes } from './support/wait.mjs';

const ADMIN = { username: 'admin', password: 'correct horse battery staple' };
const QUERY = { hash: 7, text: 'SELECT 1', calls: 1, total_time: 2, rows: 1 };

const stage = new Stage();
let daemon, admin, browser, page, orders, retired;

before(async () => {
  daemon = await startDaemon(stage);
  browser = await launchBrowser(stage);
  const context = await browser.newContext({ viewport: SIZES.desktop });
  page = await watchedPage(context, daemon.url);
});

after(() => stage.close());

const test = steps(() => page);
const go = async (path) => {
  await page.goto(daemon.url + path);
  await loaded(page);
};
const tab = (name) => `/collectors/${orders.id}/${name}`;
const button = (name) => page.getByRole('button', { name, exact: true });
const dialog = (name) => page.getByRole('dialog', { name, exact: true });

/** Everything in the list is there. `label` is a field by its label, `text` a text. */
async function has(place, list) {
  for (const line of list.trim().split('\n')) {
    const [, role, name] = /^\s*(\S+) (.+)$/.exec(line);
    const wanted = name.endsWith('…') ? new RegExp(`^${name.slice(0, -1)}`) : name;
    const options = typeof wanted === 'string' ? { exact: true } : {};
    if (role === 'label') await seen(place.getByLabel(wanted, options).first());
    else if (role === 'text') await seen(place.getByText(wanted, options).first());
    else await seen(place.getByRole(role, { name: wanted, ...options }).first());
  }
}

/** The columns of a table, in this order. */
function columns(name, expected, place = page) {
  const heads = place.getByRole('table', { name, exact: true }).getByRole('columnheader');
  const named = () => heads.evaluateAll((all) => all.map((head) => head.ariaLabel ?? head.textContent));
  return becomes(`the columns of ${name}`, named, expected.split(', '));
}

/** Leaves a dialog as a key does, and sees that it is gone. */
async function leave(name) {
  await page.keyboard.press('Escape');
  await gone(dialog(name));
}

test('the first start and the sign-in', async () => {
  await page.goto(daemon.url);
  await has(
    page,
    `heading Create the first administrator
     textbox Setup code
     textbox Username
     label Password
     label Repeat password
     button Create administrator`,
  );
  admin = await setUp(daemon, ADMIN);
  await page.goto(`${daemon.url}/login?next=%2Fcollectors`);
  await has(page, 'heading Sign in\n textbox Username\n label Password\n button Sign in');
  await signIn(page, ADMIN);
  await has(page, 'heading Collectors\n heading No collectors yet\n link Register collector\n link Import collectors');
});

test('a fleet for the pages that follow', async () => {
  orders = await register(admin, 'orders', { group: 'AWS RDS', tags: ['eu'] });
  await beat(daemon, orders, { network: { sent_bytes: 1, received_bytes: 2 }, collection_time_ms: 9, last_collection_count: 3 });
  await beat(daemon, await register(admin, 'billing', { environment: 'staging' }));
  await register(admin, 'waiting');
  retired = await register(admin, 'retired');
  await admin('DELETE', `collectors/${retired.id}`, { reason: 'Database retired' });
  const at = (secondsAgo) => new Date(Date.now() - secondsAgo * 1000).toISOString();
  const seenTwice = [60, 0].map((ago, calls) => ({ ...QUERY, calls: 1 + calls, ago }));
  await pushDocuments(
    daemon,
    orders,
    seenTwice.map(({ ago, ...query }) => ({ type: 'pg_query_stats', timestamp: at(ago), database: 'app', queries: [query] })),
  );
  await sendLogs(daemon, orders, [{ timestamp: at(1), level: 'ERROR', message: 'no route' }]);
});

test('the frame', async () => {
  await go('/');
  await has(
    page,
    `link Skip to main content
     navigation Main
     main
     status Connection
     button Search or jump to
     button Switch to dark theme
     button Account menu`.replace('main\n', 'heading Overview\n'),
  );
  await says(page.getByRole('status', { name: 'Connection' }), 'Live');
  const navigation = page.getByRole('navigation', { name: 'Main' });
  await has(navigation, 'link Overview\n link Collectors\n link Audit log\n link Settings');
  await bears(navigation.getByRole('link', { name: 'Overview' }), 'aria-current', 'page');
  await button('Account menu').click();
  await has(page, 'menuitem Preferences\n menuitem Sign out');
  await page.keyboard.press('Escape');
  await button('Search or jump to').click();
  await has(dialog('Command palette'), 'combobox Command');
  await leave('Command palette');
  await page.keyboard.press('?');
  await seen(dialog('Keyboard shortcuts'));
  await leave('Keyboard shortcuts');
});

test('every page has one heading, which is its title', async () => {
  const titles = {
    '/': 'Overview',
    '/collectors': 'Collectors',
    '/collectors/register': 'Register collector',
    '/collectors/import': 'Import collectors',
    '/collectors/archived': 'Archived collectors',
    [tab('overview')]: 'orders',
    '/operations': 'Operations',
    '/audit': 'Audit log',
    '/settings/preferences': 'Settings',
    '/no/such/page': 'Page not found',
  };
  for (const [path, title] of Object.entries(titles)) {
    await go(path);
    await says(page.getByRole('heading', { level: 1 }), title);
    await becomes('the title', () => page.title(), `${title} · pgAnalytics`);
  }
});

test('Overview', async () => {
  await go('/');
  await has(
    page.getByRole('group', { name: 'Filter by status' }),
    `link Total 3
     link Online 2
     link Slow 0
     link Offline 0
     link Stopped 0
     link Error 0
     link Pending 1`,
  );
  await has(page.getByRole('region', { name: 'Needs attention' }).getByRole('list'), 'link waiting');
  await has(page, 'region Recent activity');
});

test('Collectors', async () => {
  await go('/collectors');
  await has(
    page,
    `searchbox Search collectors
     combobox Group
     combobox Environment
     combobox Tags
     combobox Group by
     button Columns
     button Density
     button Save view
     button Export
     link Register collector
     link Import collectors
     link Archived collectors
     link Operations
     region Collectors list
     checkbox Select all collectors
     checkbox Select orders
     button Actions for orders`,
  );
  const statuses = page.getByRole('group', { name: 'Filter by status' });
  await has(statuses, 'button Total 3\n button Online 2\n button Pending 1');
  await bears(statuses.getByRole('button', { name: 'Online 2' }), 'aria-pressed', 'false');
  await seen(page.getByRole('status').filter({ hasText: /^Showing 3 of 3 collectors$/ }));
  await bears(page.getByRole('table', { name: 'Collectors' }), 'aria-rowcount', '4');
  await columns('Collectors', 'Select, Name, Status, Group, Environment, Last heartbeat, CPU, Memory, Availability, Metrics, Actions');
  await has(page.getByRole('rowheader').first(), 'link billing');
  await button('Export').click();
  await has(page, 'menuitem Export CSV\n menuitem Export JSON');
  await page.keyboard.press('Escape');
  await go('/collectors?q=nobody');
  await has(page, 'heading No collectors match these filters\n button Clear filters');
});

test('the bar for several, and its dialogs', async () => {
  await go('/collectors');
  for (const name of ['orders', 'billing']) await page.getByRole('checkbox', { name: `Select ${name}`, exact: true }).check();
  const bar = page.getByRole('region', { name: 'Bulk actions' });
  await has(
    bar,
    `text 2 selected
     button Restart
     button Stop
     button Resume
     button Change group
     button Edit tags
     button Unregister
     button Clear selection
     button Select all 3 matching`,
  );
  const open = (name) => bar.getByRole('button', { name, exact: true }).click();
  for (const verb of ['Restart', 'Stop', 'Unregister']) {
    await open(verb);
    const ask = dialog(`${verb} 2 collectors`);
    await has(ask, `table Selected collectors\n radiogroup When\n radio Now\n radio Later\n label Reason\n button ${verb} 2 collectors`);
    await ask.getByRole('radio', { name: 'Later' }).check();
    await has(ask, 'textbox Start at\n button Cancel');
    if (verb === 'Unregister') await has(ask, 'textbox Type unregister 2 to confirm');
    await leave(`${verb} 2 collectors`);
  }
  await open('Edit tags');
  await has(dialog('Edit tags of 2 collectors'), 'combobox Add tags\n combobox Remove tags\n button Cancel\n button Save tags');
  await leave('Edit tags of 2 collectors');
  await open('Change group');
  await has(dialog('Change group of 2 collectors'), 'combobox Group\n button Cancel\n button Save group');
  await leave('Change group of 2 collectors');
  await open('Restart');
  await dialog('Restart 2 collectors').getByRole('button', { name: 'Restart 2 collectors' }).click();
  const progress = dialog('Restart 2 collectors');
  await has(
    progress,
    'progressbar Bulk operation progress\n table Results\n button Run in background\n button Close\n link View operation',
  );
  await columns('Results', 'Collector, Result, Detail', progress);
  await answerCommand(daemon, orders, 'failed', 'no');
  await seen(progress.getByRole('status').filter({ hasText: '0 of 2 done, 1 failed' }));
  await progress.getByRole('button', { name: 'Close' }).click();
  await go('/operations');
  await columns('Operations', 'Operation, Started by, Started, Progress, State, Actions');
  await has(page, 'button Cancel Restart 2 collectors\n link Restart 2 collectors');
});

test('the menu and the dialogs of one', async () => {
  await go(tab('overview'));
  await has(page, 'button Test connection\n button Restart\n button Stop\n button Unregister\n tablist Collector sections');
  await button('Restart').click();
  await has(dialog('Restart orders'), 'textbox Reason\n button Cancel\n button Restart collector');
  await leave('Restart orders');
  await button('Stop').click();
  await has(dialog('Stop orders'), 'textbox Reason\n spinbutton Estimated duration (minutes)\n button Cancel\n button Stop collector');
  await leave('Stop orders');
  await button('Unregister').click();
  const unregister = dialog('Unregister orders');
  await has(
    unregister,
    `radiogroup Metrics
     radio Archive metrics
     radio Delete metrics
     spinbutton Retention (days)
     combobox Reason
     textbox Notes
     button Cancel
     button Unregister and archive`,
  );
  const reasons = await unregister.getByRole('combobox', { name: 'Reason' }).getByRole('option').allTextContents();
  const expected = ['Database retired', 'Migrated to new server', 'Maintenance/testing', 'Switching to different collector', 'Other'];
  assert.deepEqual(reasons.slice(-expected.length), expected);
  await unregister.getByRole('radio', { name: 'Delete metrics' }).check();
  await has(unregister, 'textbox Type orders to confirm\n button Unregister and delete');
  await leave('Unregister orders');
});

test('the tabs of one', async () => {
  await go(tab('overview'));
  await has(page, 'region Connection\n region Performance\n region Collection statistics\n region Recent activity');
  await has(page.getByRole('figure', { name: 'Availability' }), 'img Availability, last 90 days: …\n slider Day\n button Show as table');
  const tabs = page.getByRole('tablist', { name: 'Collector sections' });
  await has(tabs, 'tab Overview\n tab Metrics\n tab Queries\n tab Logs\n tab Activity\n tab Configuration');
  await tabs.getByRole('tab', { name: 'Metrics' }).click();
  for (const name of ['CPU usage', 'Memory usage', 'Network', 'Collection time', 'Queries per collection']) {
    await has(page.getByRole('figure', { name, exact: true }), 'slider Cursor\n button Show as table');
  }
  await has(page, 'button Zoom out');
  await page.getByRole('button', { name: /^Time range: Last 1 hour$/ }).click();
  await has(
    dialog('Time range'),
    `listbox Quick ranges
     option Last 15 minutes
     option Last 1 hour
     option Last 6 hours
     option Last 24 hours
     option Last 7 days
     option Last 30 days
     textbox From
     textbox To
     button Apply range`,
  );
  await leave('Time range');
  await tabs.getByRole('tab', { name: 'Queries' }).click();
  await has(page, 'searchbox Search queries\n combobox Sort by');
  await columns('Top queries', 'Query, Database, Calls, Total time, Mean time, Rows, Load, Trend');
  await tabs.getByRole('tab', { name: 'Logs' }).click();
  await has(
    page,
    `searchbox Search logs
     group Level
     checkbox Debug …
     checkbox Info …
     checkbox Warning …
     checkbox Error 1
     switch Follow
     button Previous match
     button Next match
     button Jump to latest
     button Export`,
  );
  await seen(page.getByRole('status').filter({ hasText: /^Showing 1 of 1 entries$/ }));
  await columns('Logs', 'Time, Level, Message');
  await go(tab('config'));
  await has(
    page,
    `spinbutton Collection interval (seconds)
     spinbutton Query limit
     combobox Group
     textbox Tags
     button Review changes`,
  );
  await page.getByRole('spinbutton', { name: 'Query limit' }).fill('50');
  await button('Review changes').click();
  await has(dialog('Review changes'), 'table Changes\n button Save configuration');
  await leave('Review changes');
});

test('Register collector', async () => {
  await go('/collectors/register');
  await button('Advanced options').click();
  await has(
    page,
    `group Collector
     group Database connection
     group Advanced options
     label Collector name
     label Type
     label Environment
     label Group
     label Description
     label Host
     label Port
     label Database name
     label Username
     label Password
     label SSL mode
     label Collection interval (seconds)
     label Query limit
     label Tags
     button Show password
     button Test connection
     button Cancel
     button Register collector`,
  );
  await bears(button('Advanced options'), 'aria-expanded', 'true');
  const options = (name) => page.getByRole('combobox', { name, exact: true }).getByRole('option').allTextContents();
  assert.deepEqual(await options('Type'), ['PostgreSQL', 'MySQL', 'MongoDB', 'Oracle']);
  assert.deepEqual(await options('Environment'), ['Development', 'Staging', 'Production']);
  assert.deepEqual(await options('SSL mode'), [
    'Disable',
    'Allow',
    'Prefer',
    'Require',
    'Require (CA certificate)',
    'Require (full verification)',
  ]);
  await page.getByRole('combobox', { name: 'SSL mode' }).selectOption('Require (full verification)');
  await has(page, 'label SSL certificate');
  await button('Register collector').click();
  await bears(page.getByLabel('Collector name', { exact: true }), 'aria-invalid', 'true');
});

test('the token, and Archived collectors', async () => {
  await go('/collectors/archived');
  await columns('Archived collectors', 'Select, Name, Unregistered, Metrics archived, Host, Reason, Purged on');
  await page.getByRole('checkbox', { name: 'Select retired', exact: true }).check();
  await button('Re-register selected').click();
  const again = dialog('Re-register collector');
  await has(
    again,
    `radiogroup Token
     radio Generate new token
     radio Use archived token (not recommended)
     radiogroup Archived metrics
     radio Restore archived metrics
     radio Start fresh
     button Cancel`,
  );
  await again.getByRole('radio', { name: 'Start fresh' }).check();
  await has(again, 'textbox Type discard to confirm');
  await again.getByRole('radio', { name: 'Restore archived metrics' }).check();
  await again.getByRole('button', { name: 'Re-register', exact: true }).click();
  await has(
    page,
    `heading Collectors re-registered
     textbox Collector token
     text This token is shown only once
     button Copy token
     button Copy snippet
     tablist Install snippet
     tab Environment
     tab systemd
     tab Docker
     tab Kubernetes
     checkbox I have stored the token
     status First heartbeat
     link Open collector`,
  );
  for (const name of ['Environment', 'systemd', 'Docker', 'Kubernetes']) {
    await page.getByRole('tab', { name }).click();
    for (const part of ['COLLECTOR_JWT_TOKEN', 'COLLECTOR_ID', 'CENTRAL_API_URL']) await says(page.getByRole('tabpanel'), new RegExp(part));
  }
  await page.getByRole('link', { name: 'Open collector' }).click();
  await has(dialog('Leave without storing the token?'), 'button Stay\n button Leave');
  await page.getByRole('button', { name: 'Leave', exact: true }).click();
  await seen(page.getByRole('heading', { name: 'retired', level: 1 }));
});

test('Import collectors', async () => {
  await go('/collectors/import');
  await has(page.getByRole('list', { name: 'Steps' }), 'text Upload\n text Map columns\n text Preview\n text Results');
  await has(page, 'label CSV or JSON file\n textbox Or paste CSV or JSON\n link Download CSV template\n button Continue');
  const lines = ['name,host,port,database,username,password,env', 'new,db.example,5432,app,watcher,secret,production', ',,,,,,moon'];
  await page.getByLabel('Or paste CSV or JSON').fill(lines.join('\n'));
  await button('Continue').click();
  await has(page, 'combobox Column for Collector name\n combobox Column for Host\n button Dry run');
  await button('Dry run').click();
  await seen(page.getByRole('status').filter({ hasText: /^1 valid, 1 invalid$/ }));
  await columns('Import preview', 'Row, Name, Host, Result, Problem');
  await has(page, 'checkbox Only rows with problems\n button Download problems\n button Import 1 collector');
  await button('Import 1 collector').click();
  await columns('Import results', 'Row, Name, Result, Detail');
  await has(page, 'button Download tokens');
});

test('Audit log', async () => {
  await go('/audit');
  await has(page, 'combobox Actor\n combobox Action\n button Verify chain\n button Show changes for entry …');
  await says(page.getByRole('status', { name: 'Chain' }), /^Chain verified, \d+ entries$/);
  await columns('Audit log', 'Time, Actor, Action, Target, Result, Details');
  const changes = page.getByRole('button', { name: /^Show changes for entry \d+$/ }).first();
  await changes.click();
  await bears(changes, 'aria-expanded', 'true');
  await columns('Changes', 'Field, Before, After');
});

test('Settings', async () => {
  await go('/settings');
  await has(page, 'tab Preferences\n tab Users\n tab Groups\n tab System');
  await has(
    page,
    'combobox Language\n combobox Time zone\n combobox Time format\n combobox Theme\n combobox Density\n switch Single-key shortcuts',
  );
  await page.getByRole('tab', { name: 'Users' }).click();
  await has(page, 'table Users\n button Add user');
  await page.getByRole('tab', { name: 'Groups' }).click();
  await has(page, 'table Groups\n button Add group');
});

test('a phone', async () => {
  await page.setViewportSize(SIZES.phone);
  await go('/collectors');
  await number(page.getByRole('list', { name: 'Collectors' }).getByRole('listitem'), 5);
  await button('Filters').click();
  await has(dialog('Filters'), 'combobox Group\n combobox Environment\n combobox Tags');
});

test('no page wrote an error, threw, or asked another origin', () => {
  assert.deepEqual(page.faults, []);
});
