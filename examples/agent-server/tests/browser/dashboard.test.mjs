// The operator's page beside the page of the caller: both look at the same turn.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { now, openPage, say, startBrowser, startServer, startTalking, waitForFrame } from './harness.mjs';

let server;
let browser;
before(async () => {
  server = await startServer({ LOG: 'info' });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const openDashboard = options => openPage(browser, `${server.url}/dashboard`, options);

/** Types a question into the page of a caller, and waits for the whole answer. */
async function ask(page, text) {
  const asked = await now(page);
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
  const end = await waitForFrame(page, { type: 'reply_end', since: asked });
  return page.evaluate(turn => window.probe.frames
    .filter(frame => frame.type === 'reply' && frame.turn === turn).map(frame => frame.text).join(''), end.turn);
}

const sessionOf = async page => (await waitForFrame(page, { type: 'ready' })).session;

const rowOf = (dashboard, session) => dashboard.locator(`tr[data-session="${session}"]`);

const milliseconds = text => Number(/^([\d.]+) ms$/.exec(text)?.[1]);

function same(ms, wanted, where) {
  assert.ok(Math.abs(ms - wanted) <= 1, `${where}: ${ms} ms for ${wanted} ms`);
}

/** A turn as the page and the panel draw it has every figure of its frame: the total, the path, each stage by itself. */
async function showsTheTurn(turn, frame, where) {
  same(milliseconds(await turn.locator('.total').textContent()), frame.total_ms, `${where}'s total`);
  const path = await turn.locator('.rows li:not(.axis) .ms').allTextContents();
  assert.equal(path.length, frame.path.length, where);
  path.forEach((text, at) => same(milliseconds(text), frame.path[at].ms, `${where}'s ${frame.path[at].stage}`));
  for (const figure of ['vad_end_ms', 'stt_ms', 'llm_ttft_ms', 'tts_ms']) {
    const text = await turn.locator(`[data-figure="${figure}"]`).textContent();
    same(milliseconds(text.slice(text.indexOf(' ') + 1)), frame[figure], `${where}'s ${figure}`);
  }
}

/** The series of a scrape, by name and labels. */
async function scrape() {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const lines = text.split('\n').filter(line => line && !line.startsWith('#'));
  return Object.fromEntries(lines.map(line => {
    const at = line.lastIndexOf(' ');
    return [line.slice(0, at).replace(/^voice_agent_/, ''), Number(line.slice(at + 1))];
  }));
}

test('one spoken turn is the same to the caller, the operator, Prometheus and the log', async t => {
  const caller = await openPage(browser, server.url);
  const dashboard = await openDashboard();
  await dashboard.waitForSelector('body[data-connection="open"]');
  await startTalking(caller);
  await say(caller, 'what time is it');
  const frame = await waitForFrame(caller, { type: 'metrics' });
  const session = await sessionOf(caller);
  t.diagnostic(`total ${frame.total_ms} ms: ${frame.path.map(({ stage, ms }) => `${stage} ${ms}`).join(', ')}`);

  await showsTheTurn(caller.locator('.turn').first(), frame, 'the page');

  const row = rowOf(dashboard, session);
  await row.locator('[data-cell="total"]:has-text("ms")').waitFor();
  for (const [cell, figure] of [['total', 'total_ms'], ['stt', 'stt_ms'], ['llm', 'llm_ttft_ms'], ['tts', 'tts_ms']]) {
    same(milliseconds(await row.locator(`[data-cell="${cell}"]`).textContent()), frame[figure], `the dashboard's ${cell}`);
  }
  await dashboard.waitForFunction(() => document.querySelector('[data-series="total"] .reading').textContent.includes('ms'));
  const readings = await dashboard.locator('.plot .reading').evaluateAll(all => all.map(reading => reading.textContent));
  const ofPath = stage => frame.path.find(part => part.stage === stage).ms;
  const plotted = [
    frame.total_ms, frame.vad_end_ms, ofPath('endpointing'), frame.stt_ms,
    frame.llm_ttft_ms, ofPath('sentence'), frame.tts_ms, ofPath('send'),
  ];
  assert.equal(readings.length, plotted.length);
  readings.forEach((reading, at) => same(milliseconds(reading.split(' · ')[0]), plotted[at], `plot ${at}`));

  const metrics = await scrape();
  same(1_000 * metrics['total_seconds_sum{turn="spoken"}'], frame.total_ms, 'Prometheus');
  for (const [series, figure] of [['stt', 'stt_ms'], ['llm_ttft', 'llm_ttft_ms'], ['tts', 'tts_ms']]) {
    same(1_000 * metrics[`${series}_seconds_sum{provider="local"}`], frame[figure], `Prometheus, ${series}`);
  }
  same(1_000 * metrics.vad_end_seconds_sum, frame.vad_end_ms, 'Prometheus, vad_end');
  for (const { stage, ms } of frame.path) same(1_000 * metrics[`path_seconds_sum{stage="${stage}"}`], ms, `Prometheus, ${stage}`);

  const lines = server.log.split('\n').filter(line => line.startsWith('{')).map(line => JSON.parse(line));
  const ofTurn = lines.filter(line => line.session === session && line.turn === frame.turn);
  const told = ofTurn.find(line => line.message === 'metrics');
  for (const figure of ['vad_end_ms', 'stt_ms', 'llm_ttft_ms', 'tts_ms', 'total_ms']) same(told[figure], frame[figure], `the log's ${figure}`);
  const stages = ofTurn.filter(line => line.message === 'stage ended');
  for (const [stage, figure] of [['stt', 'stt_ms'], ['llm', 'llm_ttft_ms'], ['tts', 'tts_ms']]) {
    // An answer that was prepared and discarded has lines too; the last is that of the one that was heard.
    same(stages.findLast(line => line.stage === stage).ms, frame[figure], `the log's line for ${stage}`);
  }

  await row.locator('button').click();
  await dashboard.waitForSelector('#turns .turn .rows .block');
  await showsTheTurn(dashboard.locator('#turns .turn').first(), frame, 'the panel');

  assert.deepEqual([...caller.problems, ...dashboard.problems], []);
  await caller.context().close();
  await dashboard.context().close();
});

test('a changed context is in the next answer, while they talk', async () => {
  const caller = await openPage(browser, server.url);
  const dashboard = await openDashboard();
  await ask(caller, 'what is two times nine');
  const session = await sessionOf(caller);
  await rowOf(dashboard, session).locator('button').click();
  await dashboard.fill('#context:enabled', 'the shop closes at six');
  await dashboard.click('#apply');
  await dashboard.waitForSelector('#applied:has-text("next answer")');
  assert.match(await ask(caller, 'what is your context'), /the shop closes at six/);

  // What the operator is writing is not overwritten by what comes from elsewhere.
  await dashboard.fill('#context', 'half a sent');
  await fetch(`${server.url}/api/sessions/${session}/context`, { method: 'PUT', body: '{"instructions":"be kind"}' });
  await dashboard.waitForFunction(() => document.getElementById('instructions').value === 'be kind');
  assert.equal(await dashboard.inputValue('#context'), 'half a sent');
  await dashboard.click('#revert');
  assert.equal(await dashboard.inputValue('#context'), 'the shop closes at six');

  await dashboard.fill('#context', '');
  await dashboard.click('#apply');
  await dashboard.waitForSelector('#applied:has-text("next answer")');
  assert.doesNotMatch(await ask(caller, 'what is your context'), /six/);
  assert.deepEqual(dashboard.problems, []);
  await caller.context().close();
  await dashboard.context().close();
});

test('what fails appears, with the session it failed in', async () => {
  const caller = await openPage(browser, server.url);
  const dashboard = await openDashboard();
  await ask(caller, 'what is two times nine');
  const session = await sessionOf(caller);
  // A microphone that runs ahead of time.
  await caller.evaluate(() => {
    const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/ws`);
    socket.onopen = () => { for (let second = 0; second < 4; second++) socket.send(new Uint8Array(32_000)); };
  });
  const item = dashboard.locator('#errors li').first();
  await item.waitFor();
  assert.match(await item.textContent(), /audio · rate_limited.*ahead of real time/s);
  await item.locator('button').click();
  const opened = await dashboard.locator('#panel-title').textContent();
  assert.notEqual(opened, session);
  await dashboard.waitForFunction(() => /1, made good 0; last: audio/.test(document.getElementById('facts').textContent));
  assert.deepEqual(dashboard.problems, []);
  await caller.context().close();
  await dashboard.context().close();
});

test('a session is ended after a second thought, by keyboard', async () => {
  const caller = await openPage(browser, server.url);
  const dashboard = await openDashboard();
  await ask(caller, 'what is two times nine');
  const session = await sessionOf(caller);
  const open = rowOf(dashboard, session).locator('button');
  await open.focus();
  await dashboard.keyboard.press('Enter');
  await dashboard.waitForSelector('#panel[open]');
  await dashboard.keyboard.press('Escape');
  await dashboard.waitForSelector('#panel', { state: 'hidden' });
  assert.equal(await dashboard.evaluate(() => document.activeElement.closest('tr')?.dataset.session), session, 'the focus is back');

  await dashboard.keyboard.press('Enter');
  await dashboard.focus('#end');
  await dashboard.keyboard.press('Enter');
  await dashboard.waitForSelector('#confirm[open]');
  await dashboard.keyboard.press('Enter');
  await dashboard.waitForSelector('#confirm', { state: 'hidden' });
  assert.equal((await fetch(`${server.url}/api/sessions/${session}`)).status, 200, 'the first answer is no');
  await dashboard.click('#end');
  await dashboard.click('#confirm .end');
  await waitForFrame(caller, { type: 'bye', reason: 'deleted' });
  await dashboard.waitForSelector('#panel-gone:visible');
  await rowOf(dashboard, session).waitFor({ state: 'detached' });
  assert.ok(await dashboard.isDisabled('#end'));
  assert.deepEqual(dashboard.problems, []);
  await caller.context().close();
  await dashboard.context().close();
});

test('it fits a phone in the dark, and every control has a name', async () => {
  const caller = await openPage(browser, server.url);
  await ask(caller, 'what is two times nine');
  const session = await sessionOf(caller);
  const dashboard = await openDashboard({
    viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, colorScheme: 'dark',
  });
  await rowOf(dashboard, session).waitFor();
  const fits = () => dashboard.evaluate(() => document.documentElement.scrollWidth);
  assert.equal(await fits(), 360);
  const [red, green, blue] = await dashboard.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
  assert.ok(red + green + blue < 150, 'the paper is dark');
  await rowOf(dashboard, session).locator('button').tap();
  await dashboard.waitForSelector('#turns .turn');
  assert.equal(await fits(), 360);
  const unnamed = await dashboard.locator('button, textarea, a').evaluateAll(controls => controls
    .filter(control => !(control.getAttribute('aria-label') || control.textContent.trim() || control.labels?.length))
    .map(control => control.outerHTML));
  assert.deepEqual(unnamed, []);
  if (process.env.SCREENSHOT) await dashboard.screenshot({ path: process.env.SCREENSHOT.replace(/(\.\w+)?$/, '-dashboard-phone$1') });
  assert.deepEqual(dashboard.problems, []);
  await caller.context().close();
  await dashboard.context().close();
});

test('a server that goes and comes back is said, and the dashboard goes on', async () => {
  const own = await startServer();
  const dashboard = await openPage(browser, `${own.url}/dashboard`);
  await dashboard.waitForSelector('body[data-connection="open"]');
  await own.stop();
  await dashboard.waitForSelector('[data-notice="connection"]:has-text("cannot be reached")');
  await own.startAgain();
  await dashboard.waitForSelector('body[data-connection="open"]');
  await dashboard.locator('[data-notice="connection"]').waitFor({ state: 'detached' });
  await dashboard.context().close();
  await own.stop();
});
