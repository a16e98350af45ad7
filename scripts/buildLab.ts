import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';

/**
 * Builds the laboratory's page into a folder.
 *
 * @returns the absolute paths of the files that it was made from, those of its workers included.
 */
export async function buildLab(folder: string): Promise<string[]> {
  const inputs = new Set<string>();
  const noted = (): Plugin => ({
    name: 'what the page is made of',
    transform(_, id) {
      if (!id.startsWith('\0')) inputs.add(id.replace(/[?#].*$/, ''));
    },
  });
  await build({
    configFile: fileURLToPath(new URL('../web/vite.config.ts', import.meta.url)),
    logLevel: 'error',
    plugins: [noted()],
    worker: { format: 'es', plugins: () => [noted()] },
    build: { outDir: folder, emptyOutDir: true, reportCompressedSize: false },
  });
  return [...inputs];
}
