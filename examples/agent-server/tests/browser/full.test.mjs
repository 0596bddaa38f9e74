// A server that has no place for one more conversation.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { now, openPage, startBrowser, startServer, startTalking, waitForFrame } from './harness.mjs';

let server;
let browser;
before(async () => {
  server = await startServer({ MAX_SESSIONS: '1' });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test('a full server is said in words, and the page comes in once there is a place', async () => {
  const first = await openPage(browser, server.url);
  await startTalking(first);

  const second = await openPage(browser, server.url);
  await second.click('#talk');
  await second.waitForSelector('body[data-connection="waiting"]');
  const notice = second.locator('[data-notice="connection"]');
  assert.match(await notice.textContent(), /The server is full, trying again in 1\d s\./);
  assert.match(await second.locator('#link').textContent(), /in \d+ s/);
  assert.equal(await second.getAttribute('body', 'data-microphone'), 'on', 'what is said meanwhile is not lost at once');

  await first.click('#end');
  await first.waitForSelector('body[data-connection="closed"]');
  await notice.getByRole('button', { name: 'Try now' }).click();
  await second.waitForSelector('body[data-connection="open"]');
  await notice.waitFor({ state: 'detached' });
  await first.context().close();
  await second.context().close();
});

test('a page that lost its connection comes back to its session on a full server', async () => {
  const page = await openPage(browser, server.url);
  await startTalking(page);
  const { session } = await waitForFrame(page, { type: 'ready' });
  const dropped = await now(page);
  await page.evaluate(() => window.probe.dropConnection());
  await waitForFrame(page, { type: 'ready', session, since: dropped });
  await page.context().close();
});
