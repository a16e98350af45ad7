import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { computeNtk } from 'ntkit/ntk';
import { type Backend, BackendError, NtkitError } from 'ntkit/tensor';
import PQueue from 'p-queue';
import { MediaTypeError, parseProblem } from './problem.ts';

/** The limits of the service. */
export interface ServiceOptions {
  /** Computes all answers. It belongs to the caller, who closes it after the server. */
  readonly backend: Backend;
  /** How many κ are computed side by side. Two keep the backend's threads busy while one of them is being prepared. */
  readonly concurrency?: number;
  /** The largest number of requests at a time, waiting ones included, which bounds the memory. */
  readonly capacity?: number;
  /** The largest size of a body, in bytes. */
  readonly bodyBytes?: number;
}

/** The answer to a request that gets no κ. */
class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A server that answers `POST /kappa` with κ of the network and images that were posted; see README.md. */
export function createService({
  backend,
  concurrency = 2,
  capacity = 64,
  bodyBytes = 2 ** 23,
}: ServiceOptions): Server {
  const queue = new PQueue({ concurrency });
  let inside = 0;

  async function kappa(request: IncomingMessage, signal: AbortSignal): Promise<object> {
    if (inside >= capacity) throw new HttpError(503, `${capacity} requests are being answered, try again later`);
    inside++;
    try {
      const { network, images, mode } = parseProblem(request.headers['content-type'], await read(request, bodyBytes));
      const ntk = await queue.add(() => computeNtk(network, images, { mode, backend, signal }), { signal });
      const { kappa, kappaLowerBound, verdict, eigenvalues } = ntk;
      return { kappa, kappaLowerBound, verdict, eigenvalues: [...eigenvalues] };
    } finally {
      inside--;
    }
  }

  return createServer((request, response) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    route(request, () => kappa(request, gone.signal)).then(
      (answer) => send(response, 200, answer),
      (error: unknown) => {
        if (gone.signal.aborted) return; // the client has gone away
        const status = statusOf(error);
        if (status === 500) console.error(error);
        send(response, status, { error: status === 500 ? 'internal error' : (error as Error).message });
      },
    );
  });
}

function route({ method, url }: IncomingMessage, kappa: () => Promise<object>): Promise<object> {
  if (url !== '/kappa') return Promise.reject(new HttpError(404, 'expected /kappa'));
  if (method !== 'POST') return Promise.reject(new HttpError(405, 'expected POST'));
  return kappa();
}

/** @throws HttpError when the body is too long: the rest of it is not read. */
async function read(request: IncomingMessage, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > most) throw new HttpError(413, `expected a body of at most ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function statusOf(error: unknown): number {
  if (error instanceof HttpError) return error.status;
  if (error instanceof MediaTypeError) return 415;
  if (error instanceof BackendError) return 422;
  return error instanceof NtkitError ? 400 : 500;
}

function send(response: ServerResponse, status: number, body: object): void {
  const json = JSON.stringify(body, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  );
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(status === 503 ? { 'retry-after': '1' } : {}),
    // After a body that was not read to its end, the next request would begin in the middle of it.
    ...(response.req.complete ? {} : { connection: 'close' }),
  });
  response.end(`${json}\n`);
}
