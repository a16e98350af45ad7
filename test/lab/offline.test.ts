import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath } from '../support/chromium.ts';
import { alert, kappa, linkOf } from './cellRoom.ts';
import { Lab } from './harness.ts';

const missing = chromiumPath === undefined;
const CELL = linkOf({ channels: 2, batch: 4 });
const ASKS = 'is this device online?';
const NO_SCRIPT = `worker: could not be started: its script did not arrive; ${ASKS}`;

/** A link, the file that does not arrive, the message, and what is shown once it has arrived. */
const FILES = [
  [CELL, 'data/cifar10-256.bin', `cifar10-256.bin: the file did not arrive; ${ASKS}`, '[data-testid=kappa]'],
  [CELL, 'data/accuracies.bin', `accuracies.bin: the file did not arrive; ${ASKS}`, '[data-testid=accuracy]'],
  [CELL, 'assets/src-*.js', `plot: what draws it did not arrive; ${ASKS}`, '[aria-label=Spectrum] .plot svg'],
  [CELL, 'assets/worker-*.js', NO_SCRIPT, '[data-testid=kappa]'],
  [CELL, 'assets/cell-*.js', `room Cell: could not be loaded; ${ASKS}`, '[data-testid=kappa]'],
  ['#/training?width=8', 'assets/worker-*.js', `training: ${NO_SCRIPT}`, '.plot svg [stroke]'],
  ['#/network', 'assets/worker-*.js', NO_SCRIPT, '[data-testid=kappa]'],
  ['#/network', 'data/networks/*', `resnet-bn.onnx: the file did not arrive; ${ASKS}`, '[data-testid=kappa]'],
] as const;

describe.skipIf(missing)(missing ? 'Chromium (skipped: not installed; apt install chromium)' : 'without a file', () => {
  let lab: Lab;
  beforeAll(async () => void (lab = await Lab.open({ graphics: false })));
  afterAll(() => lab.close());

  test.each(FILES)('%s says that %s did not arrive, and tries again', async (link, file, message, there) => {
    const visit = await lab.enter(link, { without: `**/${file}` });
    const { page } = visit;
    await alert(page).first().waitFor();
    expect(await alert(page).first().textContent()).toBe(`${message}Try again`);
    expect(await page.locator(there).count()).toBe(0);
    await visit.connect();
    await alert(page).first().getByRole('button', { name: 'Try again' }).click();
    await page.locator(there).first().waitFor();
    await page.waitForFunction('document.querySelector("[aria-busy=true]") === null');
    await visit.close();
  });

  test('the laws say so, too, and their button tries again', async () => {
    const visit = await lab.enter('#/network', { without: '**/assets/lawsWorker-*.js' });
    const { page } = visit;
    await page.getByRole('button', { name: 'Check the laws of this network' }).click();
    await alert(page).waitFor();
    expect(await alert(page).textContent()).toBe(NO_SCRIPT);
    await visit.close();
  });

  test('a long computation can be stopped and started again', async () => {
    const visit = await lab.enter(linkOf({ channels: 16, cells: 2, batch: 32 }));
    const { page } = visit;
    await page.locator('progress[value]').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    expect(await alert(page).textContent()).toBe('stoppedTry again');
    await page.getByRole('slider', { name: 'Batch', exact: true }).focus();
    await page.keyboard.press('Home');
    await page.getByRole('slider', { name: 'Cells N in a stage', exact: true }).focus();
    await page.keyboard.press('Home');
    await page.getByRole('slider', { name: 'Channels C', exact: true }).focus();
    await page.keyboard.press('Home');
    expect(await kappa(page)).toBeGreaterThan(1);
    await visit.close();
  });
});
