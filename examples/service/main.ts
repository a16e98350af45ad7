import { wasmBackend } from 'ntkit/tensor';
import { createService } from './service.ts';

// usage: npx tsx examples/service/main.ts, with the port in the environment variable PORT (8080 by default).

const backend = wasmBackend();
const server = createService({ backend });
server.listen(Number(process.env.PORT ?? 8080), () => console.log('listening on', server.address()));

/** Answers the requests that are being served, and ends. */
function stop(): void {
  server.close(() => void backend.close());
  server.closeIdleConnections();
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
