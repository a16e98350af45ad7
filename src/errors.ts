/**
 * Every error that ntkit throws on purpose is an {@link NtkitError}. Messages read
 * `where: what is wrong, expected …, got …`, so that one line tells a user what to change.
 */
export class NtkitError extends Error {
  override name = 'NtkitError';

  /** @param message one line; what would end it, in a name from a file, is written as JavaScript writes it. */
  constructor(message: string, options?: ErrorOptions) {
    super(
      message.replace(/[\0-\x1f]/g, (character) => JSON.stringify(character).slice(1, -1)),
      options,
    );
  }
}

/** Shapes, ranks or attributes that do not fit the operation they were given to. */
export class ShapeError extends NtkitError {
  override name = 'ShapeError';
}

/** A file or a value from outside (checkpoint, case, data set, architecture string) that cannot be used as it is. */
export class InputError extends NtkitError {
  override name = 'InputError';
}

/** Jobs of a queue that failed on every try. What was measured of the others is kept. */
export class JobError extends NtkitError {
  override name = 'JobError';
}

/** A backend that is missing, cannot run here, or does not support what a graph asks for. */
export class BackendError extends NtkitError {
  override name = 'BackendError';
}

/** An array that is larger than a backend can compute: fewer samples or rows at a time may do. */
export class ArraySizeError extends BackendError {
  override name = 'ArraySizeError';
}

/** A gradient was asked for where none exists, e.g. with respect to a tensor the output does not depend on. */
export class GradientError extends NtkitError {
  override name = 'GradientError';
}

/** A numerical result that has no meaning, e.g. eigenvalues of a matrix that holds NaN. */
export class NumericalError extends NtkitError {
  override name = 'NumericalError';
}
