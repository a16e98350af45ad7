import { execSync } from 'node:child_process';
import { existsSync } from 'node:fs';

// Generates what a checkout lacks, in front of a command that has to start at once: what is there is not looked at.

if (!existsSync(new URL('../src/tensor/backends/wasm/generated/kernels.ts', import.meta.url))) {
  execSync('npm run -s generate', { stdio: ['ignore', 2, 2] });
}
