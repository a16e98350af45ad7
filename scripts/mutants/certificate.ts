import { type Mutant, mutantsOf } from './mutant.ts';

/** κ and its certificate. */
export const certificateMutants: readonly Mutant[] = [
  ...mutantsOf(
    {
      file: 'src/ntk/conditionNumber.ts',
      tests: ['test/ntk/condition-number.test.ts', 'test/ntk/interval.test.ts'],
      beyondLaws: 'an interval that is too narrow breaks no law of kernels',
    },
    [
      {
        name: 'ntk/the trace of a matrix that is no kernel cancels',
        text: 'sum + Math.abs(lambda), 0)',
        becomes: 'sum + lambda, 0)',
      },
      {
        name: 'ntk/sums of Θ are as precise as float64',
        text: '(Math.sqrt(parameters) + n) * EPSILON[thetaDtype]',
        becomes: '(Math.sqrt(parameters) + n) * EPSILON[thetaDtype && "float64"]',
      },
      {
        name: 'ntk/the eigensolver is exact',
        text: '(Math.sqrt(parameters) + n) * EPSILON',
        becomes: '(Math.sqrt(parameters) + 0 * n) * EPSILON',
      },
      {
        name: 'ntk/sums of Θ are exact',
        text: '(Math.sqrt(parameters) + n) * EPSILON',
        becomes: '(Math.sqrt(0 * parameters) + n) * EPSILON',
      },
      {
        name: 'ntk/rows of float32 have the error of float64',
        text: 'return ROW_ERROR * EPSILON[dtype];',
        becomes: 'return ROW_ERROR * EPSILON[dtype && "float64"];',
      },
      {
        name: 'ntk/a measured error of rows is not taken',
        text: 'const eta = rowError ?? defaultRowError(dtype);',
        becomes: 'const eta = (rowError ?? 0) * 0 + defaultRowError(dtype);',
      },
      {
        name: 'ntk/squared singular values have the errors of eigenvalues',
        text: ': { ofSingularValues: eta + ofSums, ofEigenvalues: 0 };',
        becomes: ': { ofSingularValues: eta, ofEigenvalues: ofSums };',
      },
      {
        name: 'ntk/singular values do not become smaller',
        text: 'Math.sqrt(Math.max(0, lambda - ofEigenvalues)) - ofSingularValues) ** 2',
        becomes: 'Math.sqrt(Math.max(0, lambda - ofEigenvalues)) - 0 * ofSingularValues) ** 2',
      },
      {
        name: 'ntk/eigenvalues do not become smaller',
        text: 'Math.max(0, lambda - ofEigenvalues)',
        becomes: 'Math.max(0, lambda - 0 * ofEigenvalues)',
      },
      {
        name: 'ntk/singular values do not become larger',
        text: 'Math.sqrt(Math.max(0, lambda + ofEigenvalues)) + ofSingularValues) ** 2',
        becomes: 'Math.sqrt(Math.max(0, lambda + ofEigenvalues)) + 0 * ofSingularValues) ** 2',
      },
      {
        name: 'ntk/eigenvalues do not become larger',
        text: 'Math.max(0, lambda + ofEigenvalues)',
        becomes: 'Math.max(0, lambda + 0 * ofEigenvalues)',
      },
      {
        name: 'ntk/the floor forgets the errors of eigenvalues',
        text: '4 * ofSingularValues ** 2 + 2 * ofEigenvalues',
        becomes: '4 * ofSingularValues ** 2 + 0 * ofEigenvalues',
      },
      {
        name: 'ntk/the floor forgets the errors of singular values',
        text: '(Math.SQRT2 * ofSingularValues + Math.sqrt(4 * ofSingularValues ** 2',
        becomes: '(0 * ofSingularValues + Math.sqrt(0 * ofSingularValues ** 2',
      },
      {
        name: 'ntk/the floor is in units of λmax',
        text: 'const noiseFloor = floorOf(errors) * trace;',
        becomes: 'const noiseFloor = floorOf(errors) * lambdaMax;',
      },
      {
        name: 'ntk/every eigenvalue above 0 counts for the rank',
        text: 'Number(lowest(lambda / trace, errors) > 0)',
        becomes: 'Number(lambda > 0 * trace)',
      },
      {
        name: 'ntk/an indefinite matrix has an interval',
        text: "verdict === 'indefinite' || trace === 0 ?",
        becomes: 'trace === 0 ?',
      },
      {
        name: 'ntk/two errors of one sample',
        text: 'if (n === 1) return [1, lowestMin > 0 ? 1 : Infinity];',
        becomes: '',
      },
      {
        name: 'ntk/κ may be less than 1',
        text: 'Math.max(1, lowest(most, errors) / highest(least, errors))',
        becomes: 'lowest(most, errors) / highest(least, errors)',
      },
      {
        name: 'ntk/the lower end of the interval is κ',
        text: 'lowest(most, errors) / highest(least, errors)',
        becomes: 'most / least',
      },
      {
        name: 'ntk/the upper end of the interval is κ',
        text: 'highest(most, errors) / lowestMin : Infinity',
        becomes: 'most / least : Infinity',
      },
      {
        name: 'ntk/λmin on the floor is resolved',
        text: 'if (lambdaMin > noiseFloor)',
        becomes: 'if (lambdaMin >= noiseFloor)',
      },
      {
        name: 'ntk/λmin just below the floor is indefinite',
        text: 'lambdaMin >= -noiseFloor',
        becomes: 'lambdaMin >= 0 * noiseFloor',
      },
      {
        name: "ntk/TE-NAS's κ of NaN is NaN",
        text: 'if (Number.isNaN(kappa)) return 100000;',
        becomes: '',
        tests: ['test/ntk/condition-number.test.ts', 'test/ntk/getNtkN.test.ts'],
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'src/ntk/certificate/certifiedNtk.ts',
      tests: ['test/ntk/certificate.test.ts'],
      beyondLaws: 'a certificate is no part of a kernel',
    },
    [
      {
        name: 'ntk/a certificate forgets the measured error',
        text: 'rowError: allowed, spectrumOf };',
        becomes: 'rowError: 0 * allowed + defaultRowError(dtype), spectrumOf };',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'src/ntk/certificate/probe.ts',
      tests: ['test/ntk/certificate.test.ts'],
      beyondLaws: 'a certificate is no part of a kernel',
    },
    [],
  ),
];
