import { expect, test } from 'vitest';
import { commandReference } from '../../scripts/commandReference.ts';
import { program } from '../../src/cli/program.ts';

// `npx vitest run test/docs/command.test.ts -u` rewrites the page.
test("the page of the command's options matches its help", async () => {
  const page = await commandReference();
  for (const command of program().commands.filter((each) => each.name() !== 'complete')) {
    expect(page).toContain(`## ${command.name()}\n`);
    for (const { flags } of command.options) expect(page).toContain(`\`${flags.replaceAll('|', '\\|')}\``);
  }
  await expect(page).toMatchFileSnapshot('../../docs/command-reference.md');
});
