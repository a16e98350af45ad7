// The part of WebGPU that is used, as types: its own declarations would make them a dependency of every reader of ours.

/** Limits of an adapter or a device, by name. */
type Limits = Readonly<
  Record<'maxStorageBuffersPerShaderStage' | 'maxStorageBufferBindingSize' | 'maxBufferSize', number>
>;

/** An adapter: a device that is available. */
export interface WebGpuAdapter {
  /** What it tells of itself; a page may keep parts of it back. */
  readonly info?: Readonly<Partial<Record<'vendor' | 'architecture' | 'device' | 'description', string>>> & {
    readonly isFallbackAdapter?: boolean;
  };
  readonly isFallbackAdapter?: boolean;
  readonly limits: Limits;
  requestDevice(descriptor: { readonly requiredLimits: Readonly<Record<string, number>> }): Promise<WebGpuDevice>;
}

/** A device that is open. */
export interface WebGpuDevice {
  readonly limits: Limits;
  readonly lost: Promise<unknown>;
}

/** `navigator.gpu`. */
export interface WebGpu {
  requestAdapter(options?: {
    readonly powerPreference?: 'high-performance' | 'low-power';
    readonly forceFallbackAdapter?: boolean;
  }): Promise<WebGpuAdapter | null>;
}

/** GPU.js's pair of an adapter and its device, one for all backends of a process or page. */
export interface WebGpuContext {
  readonly adapter: Pick<WebGpuAdapter, 'info' | 'isFallbackAdapter'>;
  readonly device: WebGpuDevice;
  readonly isLost?: boolean;
}
