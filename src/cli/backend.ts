import { type Backend, BackendError, type DType, InputError, referenceBackend } from '../tensor/index.ts';

/** Options of every command that computes. */
export interface BackendOptions {
  readonly backend: string;
  readonly gpuMode?: string;
  readonly threads?: number;
  readonly dtype: DType;
}

/**
 * The backend that a command line asks for; never another one instead.
 *
 * @throws BackendError when it is not in this build, InputError when an option does not belong to it.
 */
export function chooseBackend({ backend, gpuMode, threads }: BackendOptions): Backend {
  if (backend === 'wasm' || backend === 'gpu') {
    throw new BackendError(`--backend ${backend}: not part of this version, expected auto or reference`);
  }
  if (gpuMode !== undefined) {
    throw new InputError(`--gpu-mode ${gpuMode}: expected with --backend gpu, got --backend ${backend}`);
  }
  if (threads !== undefined && threads !== 1) {
    throw new InputError(`--threads ${threads}: the reference backend runs on 1 thread`);
  }
  return referenceBackend;
}
