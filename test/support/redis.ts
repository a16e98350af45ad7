import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { devicesRequired } from './required.ts';

const candidates = [process.env.REDIS_SERVER, '/usr/bin/redis-server', '/usr/bin/valkey-server'];

/** A Redis server that is installed here: Debian's package `redis-server`, or what the variable REDIS_SERVER names. */
export const redisPath = candidates.find((path) => path !== undefined && existsSync(path));

if (redisPath === undefined && devicesRequired) {
  throw new Error('queue tests: expected a Redis server (apt install redis-server), found none');
}

/** A free port. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The options of a server. */
export interface RedisOptions {
  /** Whether it keeps its data when it is restarted. */
  readonly appendOnly?: boolean;
  readonly password?: string;
  /** Whether it accepts only TLS, with a certificate of its own in `folder`. */
  readonly tls?: boolean;
}

/** A Redis server of a test's own, on a free port, in a temporary folder. */
export class RedisServer {
  readonly port: number;
  readonly folder: string;
  readonly #options: RedisOptions;
  #child: ChildProcess | undefined;

  private constructor(port: number, folder: string, options: RedisOptions) {
    this.port = port;
    this.folder = folder;
    this.#options = options;
  }

  static async start(options: RedisOptions = {}): Promise<RedisServer> {
    const folder = mkdtempSync(join(tmpdir(), 'ntkit-redis-'));
    const server = new RedisServer(await freePort(), folder, options);
    if (options.tls) server.#certify();
    await server.up();
    return server;
  }

  get url(): string {
    return `${this.#options.tls ? 'rediss' : 'redis'}://localhost:${this.port}`;
  }

  get certificate(): string {
    return join(this.folder, 'own.crt');
  }

  /** Starts it, or starts it again. */
  async up(): Promise<void> {
    const { appendOnly = false, password, tls = false } = this.#options;
    const secure = ['--tls-port', `${this.port}`, '--tls-auth-clients', 'no', '--tls-cert-file', this.certificate];
    this.#child = spawn(
      redisPath!,
      [
        ...['--bind', '127.0.0.1', '--dir', this.folder, '--save', '', '--appendonly', appendOnly ? 'yes' : 'no'],
        ...['--port', tls ? '0' : `${this.port}`, '--appendfsync', 'always'],
        ...(tls ? [...secure, '--tls-key-file', join(this.folder, 'own.key')] : []),
        ...(password === undefined ? [] : ['--requirepass', password]),
      ],
      { stdio: 'ignore' },
    );
    for (;;) {
      const client = this.client({ retryStrategy: () => null });
      client.on('error', () => undefined);
      try {
        await client.connect();
        await client.ping();
        return;
      } catch {
        await sleep(20);
      } finally {
        client.disconnect();
      }
    }
  }

  /** Kills it. */
  async down(): Promise<void> {
    const child = this.#child!;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  /** A client that is not connected. */
  client(more: object = {}): Redis {
    const { password, tls } = this.#options;
    return new Redis({
      ...{ host: '127.0.0.1', port: this.port, lazyConnect: true },
      ...(password !== undefined && { password }),
      ...(tls && { tls: { rejectUnauthorized: false } }),
      ...more,
    });
  }

  async close(): Promise<void> {
    await this.down();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #certify(): void {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const files = ['-keyout', join(this.folder, 'own.key'), '-out', this.certificate];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, ...files], {
      stdio: 'ignore',
    });
  }
}
