/** The operations of NAS-Bench-201's search space, in the order of its alphas. */
export const NAS_BENCH_201_SPACE = ['none', 'skip_connect', 'nor_conv_1x1', 'nor_conv_3x3', 'avg_pool_3x3'] as const;

/** The operations of the DARTS search space, in the order of its alphas. */
export const DARTS_SPACE = [
  'none',
  'skip_connect',
  'sep_conv_3x3',
  'sep_conv_5x5',
  'dil_conv_3x3',
  'dil_conv_5x5',
  'avg_pool_3x3',
  'max_pool_3x3',
] as const;
