import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WELL_KNOWN_CELLS } from '../../src/nn/index.ts';
import { chromiumPath } from '../support/chromium.ts';
import { alert, kappa, kappasOf, linkOf } from './cellRoom.ts';
import { Lab } from './harness.ts';

const missing = chromiumPath === undefined;

// Chromium draws by software here: a network of few kernels, and few images.
const SMALL = { channels: 2, batch: 2 };
const ARCH = WELL_KNOWN_CELLS['all skip connections'];

describe.skipIf(missing)(missing ? 'Chromium (skipped: not installed; apt install chromium)' : 'the room Cell', () => {
  let lab: Lab;
  let expected: number;
  beforeAll(async () => {
    [lab, [expected]] = await Promise.all([Lab.open(), kappasOf([ARCH], SMALL)]);
  });
  afterAll(() => lab.close());

  test.each(['webgl2', 'webgpu'])('shows the κ of the command by %s, or why there is none', async (backend) => {
    const visit = await lab.enter(linkOf({ ...SMALL, arch: ARCH, backend }));
    const { page } = visit;
    await page.getByTestId('kappa').or(alert(page)).first().waitFor({ timeout: 100_000 });
    if (await alert(page).isVisible()) {
      console.log(`${backend}: ${await alert(page).textContent()}`);
      expect(await alert(page).textContent()).toMatch(/^backend gpu: /);
    } else {
      expect(Math.abs((await kappa(page)) / expected - 1)).toBeLessThan(1e-3);
    }
    await visit.close();
  });
});
