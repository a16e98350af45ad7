import { castOperators } from './cast.ts';
import { constantOperators } from './constants.ts';
import { convolutionOperators } from './convolution.ts';
import { elementwiseOperators } from './elementwise.ts';
import { movementOperators } from './movement.ts';
import { normalizationOperators } from './normalization.ts';
import type { Operator } from './operator.ts';
import { poolingOperators } from './pooling.ts';
import { productOperators } from './product.ts';
import { reductionOperators } from './reduction.ts';
import { resizeOperators } from './resize.ts';

/** Every supported operator of ONNX, by name. */
export const operators: ReadonlyMap<string, Operator> = new Map(
  Object.entries({
    ...elementwiseOperators,
    ...castOperators,
    ...reductionOperators,
    ...movementOperators,
    ...constantOperators,
    ...productOperators,
    ...normalizationOperators,
    ...convolutionOperators,
    ...poolingOperators,
    ...resizeOperators,
  }),
);
