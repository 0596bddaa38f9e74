// Without a microphone, with one that goes away, and with a server that goes away.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { now, openPage, say, startBrowser, startServer, startTalking, waitForFrame, waitForSound } from './harness.mjs';

let server;
let browser;
before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test('typed words are answered without any microphone', async () => {
  const page = await openPage(browser, server.url, { microphone: 'denied' });
  await page.fill('#text', 'what time is it');
  await page.press('#text', 'Enter');
  await page.waitForSelector('.entry.user .words:text-is("what time is it")');
  await page.waitForSelector('.entry.agent .words span');
  await waitForSound(page);
  assert.equal(await page.locator('.entry.user').count(), 1);
  assert.equal(await page.getAttribute('body', 'data-microphone'), 'off');
  assert.ok(await page.locator('#providers dd').count() >= 3);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('a sentence of the card is said by a click', async () => {
  const page = await openPage(browser, server.url, { microphone: 'denied' });
  const sentence = page.locator('#card .groups button').first();
  const text = await sentence.textContent();
  await sentence.click();
  await page.waitForSelector('.entry.agent .words span');
  assert.equal(await page.locator('.entry.user .words').first().textContent(), text);
  await page.context().close();
});

test('a denied microphone is said in words', async () => {
  const page = await openPage(browser, server.url, { microphone: 'denied' });
  await page.click('#talk');
  const notice = page.locator('[data-notice="microphone"]');
  await notice.waitFor();
  assert.match(await notice.textContent(), /not allowed.*Allow it.*type/s);
  assert.equal(await page.getAttribute('#talk', 'aria-pressed'), 'false');
  await page.context().close();
});

test('an unplugged microphone is said in words, and one press goes on', async () => {
  const page = await openPage(browser, server.url);
  await startTalking(page);
  await page.evaluate(() => window.probe.unplug());
  const notice = page.locator('[data-notice="microphone"]');
  await notice.waitFor();
  assert.match(await notice.textContent(), /unplugged/);
  assert.equal(await page.getAttribute('body', 'data-microphone'), 'off');
  await notice.getByRole('button', { name: 'Go on' }).click();
  await page.waitForSelector('body[data-microphone="on"]');
  await say(page, 'what time is it');
  await waitForFrame(page, { type: 'transcript', final: true });
  await page.context().close();
});

test('a lost server is said in words, and the page comes back by itself', async () => {
  const page = await openPage(browser, server.url);
  await startTalking(page);
  await server.stop();
  await page.waitForSelector('body[data-connection="waiting"]');
  assert.match(await page.locator('[data-notice="connection"]').textContent(), /cannot be reached.*Trying again/s);
  await page.waitForFunction(() => /Reconnecting/.test(document.getElementById('link').textContent));

  const gone = await now(page);
  await server.startAgain();
  await waitForFrame(page, { type: 'ready', since: gone });
  await page.waitForSelector('body[data-connection="open"]');
  await page.locator('[data-notice="connection"]').waitFor({ state: 'detached' });
  await page.waitForSelector('[data-notice="bad_value"]:has-text("did not know the conversation any more")');
  const again = await now(page);
  await say(page, 'what time is it');
  await waitForFrame(page, { type: 'transcript', final: true, since: again });
  await waitForSound(page, { since: again });
  await page.context().close();
});

test('a goodbye is said in words, and one press starts anew', async () => {
  const page = await openPage(browser, server.url);
  await startTalking(page);
  await page.click('#end');
  const notice = page.locator('[data-notice="farewell"]');
  await notice.waitFor();
  assert.match(await notice.textContent(), /ended/);
  assert.equal(await page.getAttribute('body', 'data-connection'), 'closed');
  assert.equal(await page.getAttribute('body', 'data-microphone'), 'off');
  await notice.getByRole('button', { name: 'Start a new one' }).click();
  await page.waitForSelector('body[data-microphone="on"][data-connection="open"]');
  await page.context().close();
});
