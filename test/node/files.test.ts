import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acquireLock, AppendOnlyFile, writeAtomically } from '../../src/node/index.ts';
import { InputError } from '../../src/tensor/index.ts';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ntkit-search-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a file that only grows', () => {
  test('loses only its incomplete last line', async () => {
    const path = at('lines');
    const first = await AppendOnlyFile.open(path);
    expect(first.lines).toEqual([]);
    for (const line of ['one', 'zwei', 'τρία']) await first.append(line);
    await first.close();
    const whole = await readFile(path);
    // Cut at every byte: the complete lines remain.
    for (let length = whole.length; length >= 0; length--) {
      await writeFile(path, whole.subarray(0, length));
      const file = await AppendOnlyFile.open(path);
      const kept = whole.subarray(0, length).toString('latin1').split('\n').length - 1;
      expect(file.lines).toEqual(['one', 'zwei', 'τρία'].slice(0, kept));
      await file.append('next');
      await file.close();
      expect((await readFile(path, 'utf8')).split('\n')).toEqual([
        ...['one', 'zwei', 'τρία'].slice(0, kept),
        'next',
        '',
      ]);
    }
  });
});

describe('a file that is replaced atomically', () => {
  test('has the new content, and leaves no draft', async () => {
    await writeAtomically(at('state'), 'old');
    await writeAtomically(at('state'), 'new');
    expect(await readFile(at('state'), 'utf8')).toBe('new');
    expect((await readdir(folder)).filter((name) => name.startsWith('state'))).toEqual(['state']);
    await expect(writeAtomically(at('no/such/folder'), 'x')).rejects.toThrow(/cannot be written \(ENOENT\)/);
  });

  test('keeps its mode, and a link to it', async () => {
    await writeFile(at('page'), 'old');
    await chmod(at('page'), 0o640);
    await symlink('page', at('link'));
    await writeAtomically(at('link'), 'new');
    expect(await readFile(at('page'), 'utf8')).toBe('new');
    expect((await stat(at('page'))).mode & 0o777).toBe(0o640);
    expect((await readdir(folder)).filter((name) => /^(page|link)/.test(name)).sort()).toEqual(['link', 'page']);
  });

  test.runIf(process.platform === 'linux')('that is a device is written to, and stays one', async () => {
    await writeAtomically('/dev/null', 'x');
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
    await expect(writeAtomically('/dev/full', 'x')).rejects.toThrow(
      new InputError('/dev/full: cannot be written (ENOSPC)'),
    );
    expect((await stat('/dev/full')).isCharacterDevice()).toBe(true);
  });

  // A limit on the size of files behaves like a full device: a write goes as far as it can.
  test.runIf(process.platform === 'linux')(
    'keeps its content when there is no space for the new, and leaves no draft',
    async () => {
      const room = at('room');
      await mkdir(room);
      await writeFile(join(room, 'page.html'), 'old');
      const files = new URL('../../src/node/index.ts', import.meta.url).href;
      const script = `import { writeAtomically } from ${JSON.stringify(files)};
      await writeAtomically('page.html', 'x'.repeat(100_000)).catch((error) => console.log(error.message));`;
      await writeFile(join(room, 'write.mts'), script);
      const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
      const { stdout } = spawnSync(
        'bash',
        ['-c', `trap '' XFSZ; ulimit -f 40; exec "$0" --import "$1" write.mts`, process.execPath, tsx],
        { cwd: room, encoding: 'utf8', env: { ...process.env, TSX_DISABLE_CACHE: '1' } },
      );
      expect(stdout).toBe('page.html: cannot be written (EFBIG)\n');
      expect(await readFile(join(room, 'page.html'), 'utf8')).toBe('old');
      expect((await readdir(room)).sort()).toEqual(['page.html', 'write.mts']);
    },
  );
});

describe('a lock', () => {
  test('has one holder, and is free again when released', async () => {
    const lock = await acquireLock(at('a.lock'), 'a');
    await expect(acquireLock(at('a.lock'), 'a')).rejects.toThrow(`a: already being written by process ${process.pid}`);
    await lock.check();
    await lock.release();
    const again = await acquireLock(at('a.lock'), 'a');
    await again.release();
    expect((await readdir(folder)).filter((name) => name.startsWith('a.lock'))).toEqual([]);
  });

  test('of a dead process is taken over by one of many contenders', async () => {
    const child = spawn(process.execPath, ['-e', '0']);
    await once(child, 'exit');
    const holder = JSON.parse(await contentOf(at('b.lock'))) as object;
    for (let round = 0; round < 30; round++) {
      await writeFile(at('b.lock'), JSON.stringify({ ...holder, pid: child.pid, token: 'dead' }));
      const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => acquireLock(at('b.lock'), 'b')));
      const held = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
      const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));
      expect(held).toHaveLength(1);
      expect(new Set(refused).size).toBe(1);
      expect(refused[0]).toContain(`b: already being written by process ${process.pid}`);
      await held[0].check();
      expect((await readdir(folder)).filter((name) => name.startsWith('b.lock'))).toEqual(['b.lock']);
      await held[0].release();
    }
  });

  test('of a process whose id was reused is taken over, and so is a file that is not a lock', async () => {
    const holder = JSON.parse(await contentOf(at('c.lock'))) as object;
    await writeFile(at('c.lock'), JSON.stringify({ ...holder, started: '1' }));
    await (await acquireLock(at('c.lock'), 'c')).release();
    await writeFile(at('c.lock'), '{"pid');
    await (await acquireLock(at('c.lock'), 'c')).release();
  });

  test('of another machine is respected', async () => {
    const holder = JSON.parse(await contentOf(at('d.lock'))) as object;
    await writeFile(at('d.lock'), JSON.stringify({ ...holder, host: 'elsewhere' }));
    await expect(acquireLock(at('d.lock'), 'd')).rejects.toThrow(/on elsewhere \(if that is dead, remove .*d\.lock\)/);
  });

  test('that was taken away is detected', async () => {
    const lock = await acquireLock(at('e.lock'), 'e');
    await rm(at('e.lock'));
    await expect(lock.check()).rejects.toThrow(/expected to hold the lock/);
    const other = await acquireLock(at('e.lock'), 'e');
    await lock.release(); // not ours: it stays
    await other.check();
    await other.release();
  });

  test('at a dangling link is refused at once', async () => {
    await symlink(at('nowhere'), at('f.lock'));
    await expect(acquireLock(at('f.lock'), 'f')).rejects.toThrow(
      new InputError(`${at('f.lock')}: expected a lock or no file, got a dangling link`),
    );
  });

  test('stays with a process that is busy for a long time, and is free as soon as it is killed', async () => {
    const holding = `import { acquireLock } from ${JSON.stringify(new URL('../../src/node/index.ts', import.meta.url).href)};
      await acquireLock(${JSON.stringify(at('g.lock'))}, 'g');
      process.stdout.write('held');
      for (;;);`;
    await writeFile(at('hold.mts'), holding);
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
    const child = spawn(process.execPath, ['--import', tsx, at('hold.mts')]);
    await once(child.stdout, 'data');
    await expect(acquireLock(at('g.lock'), 'g')).rejects.toThrow(`g: already being written by process ${child.pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await acquireLock(at('g.lock'), 'g')).release();
  });

  async function contentOf(path: string): Promise<string> {
    const lock = await acquireLock(path, 'x');
    const content = await readFile(path, 'utf8');
    await lock.release();
    return content;
  }
});
