export * from './expression.ts';
export { DOUBLE } from './double.ts';
export { SINGLE } from './single.ts';
export * from './tape.ts';
