import { chromium } from 'playwright-core';
import { readFileSync } from 'node:fs';
const base = process.env.BASE ?? 'http://127.0.0.1:18932';
const [name, path, size = '1440', theme = 'light', ...rest] = process.argv.slice(2);
const pw = readFileSync('/tmp/dashr/env.sh', 'utf8').match(/"password":"([^"]*)"/)[1];
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless','--no-sandbox','--disable-gpu','--disable-dev-shm-usage'] });
const context = await browser.newContext({ viewport: { width: Number(size), height: size === '1440' ? 900 : 844 }, colorScheme: theme });
const page = await context.newPage();
page.on('pageerror', e => console.log('EXC', e.message)); page.on('console', m => m.type()==='error' && console.log('CON', m.text()));
await page.goto(base + '/login');
await page.evaluate(async pw => { await fetch('/api/v1/auth/login', {method:'POST', headers:{'content-type':'application/json'}, body: JSON.stringify({username:'admin', password: pw})}); }, pw);
const shots = path.split(',');
let n = 0;
for (const p of shots) {
  await page.goto(base + p);
  await page.waitForFunction(() => document.querySelector('h1') && !document.querySelector('[aria-busy=true]'), null, {timeout: 15000}).catch(e => console.log('busy', p));
  await page.waitForTimeout(900);
  if (rest[0]) { const r = await page.evaluate(rest[0]); if (r !== undefined) console.log(r); await page.waitForTimeout(800); }
  const w = await page.evaluate(() => document.documentElement.scrollWidth); if (w > Number(size)) console.log('SIDEWAYS', p, w);
  await page.screenshot({ path: `/tmp/dashr/shots/${name}${shots.length>1?'-'+n++:''}.png`, fullPage: process.env.FULL === '1' });
}
await browser.close();
