import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { sourceAliases } from '../scripts/sourceAliases.ts';
import { labData } from './labData.ts';

/** With these headers threads share one memory; without them, as on most static hosts, each thread has its own. */
const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/** KaTeX names each of its fonts in three formats; every browser that runs the page reads the smallest. */
const smallestFonts = (): Plugin => ({
  name: 'smallest-fonts',
  enforce: 'pre',
  transform: (code, id) =>
    /katex\.min\.css$/.test(id) ? code.replace(/,url\([^)]+\.(?:woff|ttf)\) format\("\w+"\)/g, '') : undefined,
});

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './', // wherever it is hosted
  resolve: { alias: sourceAliases },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [labData(), smallestFonts()],
  worker: { format: 'es' },
  build: {
    outDir: fileURLToPath(new URL('../dist/lab', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    chunkSizeWarningLimit: 1000,
    // Plugin timings are not of interest to whoever runs the build.
    rolldownOptions: { checks: { pluginTimings: false, ineffectiveDynamicImport: false } },
  },
  server: { headers },
  preview: { headers },
});
