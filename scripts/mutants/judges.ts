import { readFile, rm } from 'node:fs/promises';
import { InputError } from '../../src/errors.ts';
import type { Copy } from './copy.ts';
import type { Mutant } from './mutant.ts';

/** A judge of whether something is wrong. */
export interface Judge {
  /** Whether the judge applies to a mutant. */
  readonly judges: (mutant: Mutant) => boolean;
  /** @throws Error when something is wrong without any fault: then a kill means nothing. */
  readonly checkSound: (copy: Copy, mutants: readonly Mutant[]) => Promise<void>;
  /** The test or law that finds the planted fault; undefined where none does. */
  readonly killerOf: (copy: Copy, mutant: Mutant) => Promise<string | undefined>;
}

/** Seconds after which a fault counts as hanging: several times what any test file takes. */
const SECONDS = 300;

/** The test files that a mutant names, in their order. */
export const byTests: Judge = {
  judges: () => true,
  async checkSound(copy, mutants) {
    const failure = await failingTest(copy, [...new Set(mutants.flatMap(({ tests }) => tests))], 10 * SECONDS);
    if (failure !== undefined) throw new Error(`without a fault: expected tests that pass, got ${failure}`);
  },
  async killerOf(copy, { tests }) {
    for (const file of tests) {
      const failure = await failingTest(copy, [file], SECONDS);
      if (failure !== undefined) return failure;
    }
    return undefined;
  },
};

/** The part of vitest's report that is used. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** The first test that fails, or how all of them failed to run. */
async function failingTest(copy: Copy, files: readonly string[], seconds: number): Promise<string | undefined> {
  if (files.length === 0) throw new InputError('mutants: expected test files that are to notice, got none');
  const path = copy.at('mutants-report.json');
  await rm(path, { force: true });
  const args = ['run', ...files, '--bail=1', '--reporter=json', `--outputFile=${path}`];
  const { status, stderr } = await copy.node([copy.at('node_modules/vitest/vitest.mjs'), ...args], seconds);
  if (status === 0) return undefined;
  if (status === undefined) return `still running after ${seconds} s`;
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) throw new Error(`vitest: expected a report, got exit status ${status}: ${stderr}`);
  for (const { name, status, message, assertionResults } of (JSON.parse(text) as Report).testResults) {
    const failed = assertionResults.find((result) => result.status === 'failed');
    const file = name.slice(copy.at('.').length);
    if (failed) return `${file}: ${failed.fullName.trim()}`;
    if (status === 'failed') return `${file}: ${message.split('\n')[0]}`;
  }
  return `exit status ${status}: ${stderr.trim().split('\n')[0]}`;
}

/** Only the laws of `ntkit verify`. */
export const byVerify: Judge = {
  judges: ({ beyondLaws }) => beyondLaws === undefined,
  async checkSound(copy, mutants) {
    for (const backend of new Set(mutants.map((mutant) => mutant.backend))) {
      const broken = await brokenLaw(copy, backend);
      if (broken !== undefined) throw new Error(`without a fault: expected laws that hold, got ${broken}`);
    }
  },
  killerOf: (copy, { backend }) => brokenLaw(copy, backend),
};

async function brokenLaw(copy: Copy, backend = 'wasm'): Promise<string | undefined> {
  const args = [copy.at('node_modules/tsx/dist/cli.mjs'), 'scripts/mutants/firstBroken.ts', backend];
  const { status, stdout, stderr } = await copy.node(args, SECONDS);
  if (status === 0) return undefined;
  if (status === undefined) return `still running after ${SECONDS} s`;
  return stdout.trim() || `exit status ${status}: ${stderr.trim()}`;
}
