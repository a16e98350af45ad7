import type { Page } from 'playwright-core';
import { ntkit } from '../support/command.ts';

// The common parts of the tests of the room Cell.

/** The result of the command with the same settings. */
export async function kappasOf(
  archs: readonly string[],
  { channels = 8, batch = 16, seed = 0 } = {},
): Promise<number[]> {
  const settings = { channels, cells: 1, 'batch-size': batch, repeats: 1, seed };
  const options = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const { stdout } = await ntkit('score', '--arch', ...archs, ...options, '--json');
  const { architectures } = JSON.parse(stdout) as { architectures: { kappas: number[] }[] };
  return architectures.map(({ kappas }) => kappas[0]);
}

/** The room's link with some values. */
export const linkOf = (query: Readonly<Record<string, string | number>>) =>
  `#/cell?${new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])).toString()}`;

/** κ of a cell, once nothing is being computed. */
export async function kappa(page: Page, place = 0): Promise<number> {
  const figure = page.getByTestId('kappa').nth(place);
  await figure.waitFor();
  await page.waitForFunction('document.querySelector("[aria-busy=true] [data-testid=kappa]") === null');
  return Number(await figure.getAttribute('value'));
}

/** The error that the page shows. */
export const alert = (page: Page) => page.locator('[role=alert]:not([hidden])');
