/**
 * Turns that comments (eslint.config.js) and pages (.remarkrc.js) do without: each has a plainer form, which stands after
 * it.
 */
export const phrases = [
  // Not English
  'so many', // the number itself: `count`, n
  'unless told', // by default
  'told so', // is informed
  'can be had', // is available
  'may be had', // is available
  'is not here', // is not available
  'one likes', // any
  'in the place of', // instead of
  'in its turn', // in order
  'others than', // other than
  'all there is', // everything
  'has no say', // does not matter
  'have no say', // do not matter

  // Wordy
  'along the lines of', // like
  'as a means of', // to
  'at the present time', // now
  'at this time', // now
  'by means of', // by, with
  'by virtue of', // by
  'due to the fact that', // because
  'each and every', // each
  'facilitate', // help
  'for the purpose of', // to
  'if and when', // when
  'in accordance with', // by
  'in lieu of', // instead of
  'in order to', // to
  'in regard to', // about
  'in terms of', // by, in
  'in the event of', // if
  'in the process of', // while
  'it should be noted', // -
  'necessitate', // need
  'notwithstanding', // despite
  'owing to the fact that', // because
  'pertaining to', // about
  'point in time', // time
  'prior to', // before
  'pursuant to', // by
  'state-of-the-art', // the name of it
  'subsequently', // then
  'utilise', // use
  'utilize', // use
  'whether or not', // whether
];
