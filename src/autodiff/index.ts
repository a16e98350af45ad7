/**
 * Differentiation turns expressions into expressions: reverse and forward mode, Hessian–vector products, whole blocks of
 * cotangent rows in one sweep, and a check against central differences.
 *
 * @module
 */
export { checkGradients, type GradientEntry, type GradientReport } from './checkGradients.ts';
export { type Application, type Rule, rules } from './rules.ts';
export { grad, hessianVectorProduct, jacobian, jvp, vjp } from './transforms.ts';
