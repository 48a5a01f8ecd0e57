// The playground in a real browser. PARSIMONY_TEST_CHROMIUM names the browser (default: /usr/bin/chromium).
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { chromium } from 'playwright-core';
import { rest, root, startServer } from './server.mjs';

const executablePath = process.env.PARSIMONY_TEST_CHROMIUM ?? '/usr/bin/chromium';
const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const screenshots = join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'playground-screenshots');

let server, profile, browser, page;
const complaints = [];
before(async () => {
  server = await startServer({ command: ['dev'], options: { liveQuery: { classNames: ['Comet'] } } });
  profile = mkdtempSync(join(tmpdir(), 'parsimony-browser-'));
  mkdirSync(screenshots, { recursive: true });
  const viewport = { width: 1400, height: 900 };
  browser = await chromium.launchPersistentContext(profile, { executablePath, headless: true, args: QUIET, viewport });
  page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  page.on('console', message => message.type() === 'error' && complaints.push(`console: ${message.text()}`));
  page.on('pageerror', error => complaints.push(`exception: ${error.stack}`));
  page.on('request', request => {
    const url = new URL(request.url());
    const own = url.origin === new URL(server.playground).origin || ['blob:', 'data:'].includes(url.protocol);
    if (!own) complaints.push(`asked another server: ${request.url()}`);
  });
});
after(async () => {
  await browser?.close();
  if (profile) rmSync(profile, { recursive: true, force: true });
  await server?.stop();
});

/// What the editors in a part of the page show; Monaco draws spaces as no-break spaces.
async function shown(part) {
  const texts = await page.locator(`${part} .view-lines`).allInnerTexts();
  return texts.join('\n').replaceAll('\u00a0', ' ');
}

/// Replaces the document and runs its operation `name` once GraphiQL has understood it: the tab then carries its name.
async function run(name, text) {
  await page.locator('.graphiql-query-editor .view-lines').click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.insertText(text);
  await page.locator('.graphiql-tab').getByText(name, { exact: true }).waitFor();
  await page.locator('.graphiql-execute-button').click();
}

async function until(check) {
  const end = Date.now() + 30_000;
  for (;;) {
    const value = await check().catch(() => undefined);
    if (value || Date.now() > end) return value;
    await page.waitForTimeout(50);
  }
}

describe('playground', { concurrency: false }, () => {
  test('the page is the bundled one and holds no secret', async () => {
    const response = await fetch(server.playground);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type'), /^text\/html/);
    const html = await response.text();
    const kind = /<meta name="parse-playground" content="(\w+)">/.exec(html)?.[1];
    assert.equal(kind, 'bundled', 'build the page first (playground/README.md), then the server');
    assert.ok(html.includes(`<meta name="parse-app-id" content="${server.appId}">`));
    assert.ok(!html.includes('{{'.concat('appId}}')));
    assert.ok(!html.includes(server.masterKey));
  });

  test('GraphiQL loads and shows the application header', async () => {
    await page.goto(server.playground);
    await page.locator('.graphiql-query-editor .monaco-editor').first().waitFor();
    assert.ok(await until(async () => (await shown('.graphiql-query-editor')).includes('query Health')));
    assert.ok(await until(async () => (await shown('.graphiql-editor-tool')).includes(server.appId)));
  });

  test('a query typed by hand is executed', async () => {
    await run('Mine', 'query Mine { health again: health }');
    assert.ok(await until(async () => (await shown('.graphiql-response')).includes('"again": true')), await shown('.graphiql-response'));
    await page.screenshot({ path: join(screenshots, 'query.png') });
  });

  test('with the master key, classes can be made and the documentation knows them', async () => {
    await page.locator('#master-key').fill(server.masterKey);
    await page.locator('.key-bar button').click();
    await run('Make', 'mutation Make { createClass(input: { name: "Comet" }) { class { name } } }');
    assert.ok(await until(async () => (await shown('.graphiql-response')).includes('"name": "Comet"')), await shown('.graphiql-response'));

    await page.getByRole('button', { name: 'Re-fetch GraphQL schema' }).click();
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await page.locator('.graphiql-doc-explorer').getByText('Query', { exact: true }).first().click();
    await page.locator('.graphiql-doc-explorer').getByText('comets', { exact: true }).waitFor();
    await page.screenshot({ path: join(screenshots, 'documentation.png') });
  });

  test('a subscription shows events as they happen, until it is stopped', async () => {
    await run('Watch', 'subscription Watch { cometChanged(after: "") { event node { objectId } } }');
    const shows = text => until(async () => (await shown('.graphiql-response')).includes(text));
    assert.ok(await shows('"REFETCH"'), await shown('.graphiql-response'));
    const { objectId } = await rest(server, 'POST', '/classes/Comet', {});
    assert.ok(await shows(objectId), await shown('.graphiql-response'));
    assert.ok(await shows('"CREATE"'));
    await page.screenshot({ path: join(screenshots, 'subscription.png') });
    await page.locator('.graphiql-execute-button').click();
  });

  test('the key stays in this tab only', async () => {
    const [session, local] = await page.evaluate(() => [JSON.stringify(sessionStorage), JSON.stringify(localStorage)]);
    assert.ok(session.includes(server.masterKey));
    assert.ok(!local.includes(server.masterKey));
    assert.ok(!page.url().includes(server.masterKey));
  });

  test('nothing was reported on the console and no other server was asked', async () => {
    // Without the key the server may have refused to describe itself: that answer is a 403, which the browser reports.
    const real = complaints.filter(text => !/status of 403/.test(text));
    assert.deepEqual(real, []);
  });
});
